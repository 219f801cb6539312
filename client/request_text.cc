#include "client/request_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace assent::client {

std::string OutcomeText(v1::Outcome outcome) {
  const std::string& name = v1::Outcome_Name(outcome);
  return name.empty() ? absl::StrCat("OUTCOME ", static_cast<int>(outcome))
                      : std::string(absl::StripPrefix(name, "OUTCOME_"));
}

std::string PurposeText(v1::Purpose purpose) {
  const std::string& name = v1::Purpose_Name(purpose);
  return name.empty() ? absl::StrCat("PURPOSE ", static_cast<int>(purpose))
                      : std::string(absl::StripPrefix(name, "PURPOSE_"));
}

std::string UtcText(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()); }

std::string UtcText(const google::protobuf::Timestamp& time) { return UtcText(absl::FromUnixSeconds(time.seconds())); }

}  // namespace assent::client
