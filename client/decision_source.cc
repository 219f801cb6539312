#include "client/decision_source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/text_file.h"
#include "policy/decision_id.h"

namespace assent::client {

absl::StatusOr<v1::ExplainRequest> RequestOfReceipt(const std::string& path) {
  auto text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  if (text->empty()) return absl::InvalidArgumentError("the receipt is empty");
  v1::ExplainRequest request;
  std::string& receipt = *request.mutable_receipt();
  if (!absl::WebSafeBase64Unescape(absl::StripAsciiWhitespace(*text), &receipt)) receipt = *std::move(text);
  return request;
}

absl::StatusOr<v1::ExplainRequest> RequestOfDecision(const std::string& decision_id) {
  if (!policy::ParseDecisionId(decision_id)) {
    return absl::InvalidArgumentError("a decision id has 32 lower-case hexadecimal characters");
  }
  v1::ExplainRequest request;
  request.set_decision_id(decision_id);
  return request;
}

absl::StatusOr<v1::ExplainRequest> RequestOfEither(const std::string& id_or_path) {
  return policy::ParseDecisionId(id_or_path) ? RequestOfDecision(id_or_path) : RequestOfReceipt(id_or_path);
}

void PrintReplay(const v1::ExplainResponse& response, CommandLine& line) {
  const v1::RecordedFacts& facts = response.recorded();
  const absl::Time time = absl::FromUnixSeconds(facts.decision_time().seconds());
  line.out << line.terminal.Paint(
                  Style::kDim,
                  absl::StrCat("  decided ", absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()),
                               ", permission ", facts.permission(), ", consent revision ", facts.consent_revision(),
                               ", policy ", facts.policy_version(),
                               facts.policy_is_current() ? "" : " (another one holds now)"))
           << "\n";
  if (!response.has_replay()) {
    line.out << "  nothing was scored: there is nothing to compute again\n";
    return;
  }
  if (response.replay().identical()) {
    line.out << "  " << line.terminal.Paint(Style::kGood, "identical") << "\n";
    return;
  }
  line.out << "  " << line.terminal.Paint(Style::kWarn, "not identical") << "\n";
  for (const std::string& difference : response.replay().differences()) line.out << "    " << difference << "\n";
}

}  // namespace assent::client
