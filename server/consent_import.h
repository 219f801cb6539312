// One call of ImportConsents: takes messages of rows, records what it can, remembers what it cannot.
#ifndef ASSENT_SERVER_CONSENT_IMPORT_H_
#define ASSENT_SERVER_CONSENT_IMPORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "assent/v1/consent_service.pb.h"
#include "server/control_call.h"
#include "storage/consent_import.h"
#include "storage/notice_store.h"

namespace assent::server {

// Bounds of a call.
inline constexpr int kRowsPerMessageMax = 1000;
inline constexpr int kMessagesPerImportMax = 100;
inline constexpr int kRefusedRowsMax = 10'000;  // that the answer lists; it counts all
// Rows that are recorded together.
inline constexpr size_t kRowsTogether = 10'000;

// Threads: one at a time. Ownership: borrows `call` and `notices`.
class ConsentImport {
 public:
  // `recorded_by`: the principal.
  ConsentImport(const ControlCall& call, const storage::NoticeStore& notices, std::string recorded_by)
      : call_(call), notices_(notices), recorded_by_(std::move(recorded_by)) {}

  // The message to read next. Good until Take.
  v1::ImportConsentsRequest& Next();
  // Takes what was read into Next. Records rows once there are kRowsTogether, because many are recorded faster in the
  // order of their pseudonyms. Errors: of the call (too many rows or messages, another pseudonym key, a disk that
  // refuses); what was recorded by then stays. Blocks on the disk.
  absl::Status Take(absl::Time now);
  // Records the rest and says what became of all rows: they are on the disk. Once. Errors: as Take.
  absl::Status Finish(absl::Time now, v1::ImportConsentsResponse& response);

 private:
  absl::Status CheckMessage(const v1::ImportConsentsRequest& request);
  absl::Status ReadSubject(const v1::ConsentRow& row, policy::SubjectKey& subject) const;
  absl::Status Record(absl::Time now);
  void Count(const absl::Status& refusal, storage::ImportOutcome outcome);

  const ControlCall& call_;
  const storage::NoticeStore& notices_;
  const std::string recorded_by_;
  bool key_checked_ = false;
  int messages_ = 0;
  uint64_t rows_ = 0;  // that were counted
  v1::ImportConsentsResponse answer_;
  // What waits to be recorded; kept for its memory.
  std::vector<std::unique_ptr<v1::ImportConsentsRequest>> held_;  // the rows borrow their texts
  size_t held_count_ = 0;
  std::vector<absl::Status> faults_;            // of each row
  std::vector<storage::ImportedRow> imported_;  // of each row without a fault
  size_t imported_count_ = 0;
  std::vector<storage::ImportOutcome> outcomes_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_IMPORT_H_
