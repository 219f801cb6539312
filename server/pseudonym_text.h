// Pseudonyms as messages carry them.
#ifndef ASSENT_SERVER_PSEUDONYM_TEXT_H_
#define ASSENT_SERVER_PSEUDONYM_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/subject.h"

namespace assent::server {

// A pseudonym, or the check value of the key, as 32 hexadecimal characters, and back.
// Errors: FIELD_INVALID, with the field.
std::string HexOf(const policy::SubjectKey& key);
absl::StatusOr<policy::SubjectKey> KeyOfHex(absl::string_view field, absl::string_view hex);

}  // namespace assent::server

#endif  // ASSENT_SERVER_PSEUDONYM_TEXT_H_
