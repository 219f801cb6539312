// Short ways to say what an import says.
#ifndef ASSENT_TESTS_STORAGE_IMPORT_FIXTURE_H_
#define ASSENT_TESTS_STORAGE_IMPORT_FIXTURE_H_

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "storage/consent_import.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {

inline constexpr int64_t kSecondInUs = 1'000'000;

inline ImportedPurpose Said(policy::Purpose purpose, policy::ConsentStatus status, int64_t given_s,
                            uint32_t expire_time_s = 0) {
  return {.purpose = purpose,
          .status = status,
          .given_time_us = given_s * kSecondInUs,
          .jurisdiction = "DE",
          .legal_basis = 1,
          .expire_time_s = expire_time_s,
          .notice_id = "old notice",
          .notice_version = "1"};
}

inline ImportedPurpose SaidYes(policy::Purpose purpose, int64_t given_s, uint32_t expire_time_s = 0) {
  return Said(purpose, policy::ConsentStatus::kGranted, given_s, expire_time_s);
}
inline ImportedPurpose SaidNo(policy::Purpose purpose, int64_t given_s) {
  return Said(purpose, policy::ConsentStatus::kWithdrawn, given_s);
}

inline ImportedRow RowOf(const policy::SubjectKey& subject, std::vector<ImportedPurpose> purposes) {
  return {.subject = subject, .purposes = std::move(purposes)};
}

// Imports at kTestTime. The outcome of each row; none where the import failed.
inline std::vector<ImportOutcome> ImportRows(ConsentStore& store, const std::vector<ImportedRow>& rows) {
  std::vector<ImportOutcome> outcomes(rows.size());
  const absl::Status status = store.Import(rows, "importer", kTestTime, outcomes);
  EXPECT_TRUE(status.ok()) << status;
  return status.ok() ? outcomes : std::vector<ImportOutcome>();
}

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_IMPORT_FIXTURE_H_
