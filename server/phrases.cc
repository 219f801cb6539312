#include "server/phrases.h"

#include "absl/strings/match.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

constexpr size_t kTagBytesMax = 35;  // RFC 5646 section 4.4.1

}  // namespace

absl::StatusOr<const Phrases*> PhrasesFor(absl::string_view tag) {
  if (tag.empty()) return &kEnglish;
  if (absl::Status valid = ValidateText("language", tag, kTagBytesMax); !valid.ok()) return valid;
  const absl::string_view language = tag.substr(0, tag.find('-'));
  for (const Phrases* phrases : {&kEnglish, &kGerman}) {
    if (absl::EqualsIgnoreCase(language, phrases->tag)) return phrases;
  }
  return MakeError(Reason::kFieldInvalid, "language", "must be one of: en, de");
}

}  // namespace assent::server
