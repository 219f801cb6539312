// What the configuration says of receipts and of the decision log.
#ifndef ASSENT_SERVER_DECISION_SETTINGS_H_
#define ASSENT_SERVER_DECISION_SETTINGS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/internal/v1/server_config.pb.h"
#include "policy/recorded_decision.h"

namespace assent::server {

// A value. Defaults: those of assent.internal.v1.DecisionConfig.
struct DecisionSettings {
  static constexpr uint32_t kEachDecision = 1'000'000;

  std::chrono::hours receipt_lifetime{90 * 24};
  uint32_t logged_per_million = 0;  // 0: the log is off; kEachDecision: all
  bool refuse_when_full = false;
  std::chrono::hours log_retention{30 * 24};
  size_t ring_bytes = size_t{16} << 20;
  std::string verdict_text = {};  // VerdictTextOf the configuration

  bool logs() const { return logged_per_million != 0; }
};

// Errors: InvalidArgument that names the field and its limit.
absl::StatusOr<DecisionSettings> ResolveDecisions(const internal::v1::DecisionConfig& message);

// What a verdict depends on in the configuration, but the content of files: jurisdictions, signals, and the significant
// uses that are allowed. Bytes that are equal where those are.
std::string VerdictTextOf(const internal::v1::ServerConfig& message);
// Of that text, of the vendor lists' content (by file), and of the rules themselves.
policy::PolicyVersion PolicyVersionOf(absl::string_view verdict_text, const std::vector<std::string>& vendor_lists);

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_SETTINGS_H_
