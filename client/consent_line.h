// A line of a file of consents: one person, one act, in the texts of CSV cells and JSON values.
#ifndef ASSENT_CLIENT_CONSENT_LINE_H_
#define ASSENT_CLIENT_CONSENT_LINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "assent/v1/consent_service.pb.h"

namespace assent::client {

// Dense from 0; kConsentColumns has the names.
enum class ConsentColumn : uint8_t {
  kPseudonym = 0,  // 32 hexadecimal characters; or
  kNamespace,      // with `id`
  kId,
  kPurposes,       // "select_content profile_content"
  kStatus,         // granted, withdrawn or opted_out
  kLegalBasis,     // of a grant; consent where it is empty
  kGivenTime,      // when the person acted, RFC 3339
  kExpireTime,     // of a grant; empty: no end
  kNoticeId,       // of a grant
  kNoticeVersion,  // of a grant
  kJurisdiction,   // ISO 3166
  kRestricted,     // true, or false, which says nothing
  kChild,          // the same
  kKeyCheck,       // of the key of the pseudonyms; once, in a line before or with the first of them
};
inline constexpr size_t kConsentColumnCount = 14;
inline constexpr std::array<absl::string_view, kConsentColumnCount> kConsentColumns = {
    "pseudonym", "namespace",      "id",           "purposes",   "status", "legal_basis", "given_time", "expire_time",
    "notice_id", "notice_version", "jurisdiction", "restricted", "child",  "key_check"};

// By column; empty where the line says nothing. Ownership: borrows.
using ConsentCells = std::array<absl::string_view, kConsentColumnCount>;

std::optional<ConsentColumn> ConsentColumnOf(absl::string_view name);

// Why a line was not recorded, without anything of it.
struct RefusedLine {
  uint64_t line = 0;   // in the file, from 1
  std::string field;   // a column, or a path in the row; empty: the line as a whole
  std::string reason;  // as docs/errors.md has it
};

// Fills the row (an empty one) with all but the key check. What only the server can judge it leaves to the server.
// Nothing: it makes sense so far; else why not, without the line's number. Cost: allocates only for texts that do not
// fit their fields.
std::optional<RefusedLine> ParseConsentCells(const ConsentCells& cells, v1::ConsentRow& row);

// The lines of a row: purposes that differ in nothing share one. Texts by column, without the key check.
using ConsentTexts = std::array<std::string, kConsentColumnCount>;
std::vector<ConsentTexts> LinesOfRow(const v1::ConsentRow& row);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_LINE_H_
