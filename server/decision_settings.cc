#include "server/decision_settings.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace assent::server {
namespace {

using internal::v1::DecisionConfig;

// To be raised with each change of docs/verdict.md, so that decisions before and after it are told apart.
constexpr absl::string_view kVerdictRules = "assent verdict 1";
constexpr uint32_t kKeptDaysMax = 3650;

absl::Status BadDecisions(absl::string_view field, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("decisions.", field, ": ", message));
}

absl::Status ReadDays(absl::string_view field, uint32_t days, std::chrono::hours& out) {
  if (days > kKeptDaysMax) {
    return BadDecisions(field, absl::StrCat("must be 1 to ", kKeptDaysMax, ", or 0 for the default"));
  }
  if (days != 0) out = std::chrono::hours(24) * days;
  return absl::OkStatus();
}

absl::Status ReadMode(const DecisionConfig& message, DecisionSettings& out) {
  const bool sampled = message.log() == internal::v1::DECISION_LOG_MODE_SAMPLED;
  if (!sampled && message.sampled_per_million() != 0) {
    return BadDecisions("sampled_per_million", "needs log: DECISION_LOG_MODE_SAMPLED, or leave it out");
  }
  switch (message.log()) {
    case internal::v1::DECISION_LOG_MODE_UNSPECIFIED:
    case internal::v1::DECISION_LOG_MODE_OFF:
      out.logged_per_million = 0;
      return absl::OkStatus();
    case internal::v1::DECISION_LOG_MODE_ALL:
      out.logged_per_million = DecisionSettings::kEachDecision;
      return absl::OkStatus();
    case internal::v1::DECISION_LOG_MODE_SAMPLED:
      break;
    default:
      return BadDecisions("log", "must be DECISION_LOG_MODE_OFF, _SAMPLED or _ALL");
  }
  if (message.sampled_per_million() < 1 || message.sampled_per_million() >= DecisionSettings::kEachDecision) {
    return BadDecisions("sampled_per_million", "must be 1 to 999999 with DECISION_LOG_MODE_SAMPLED");
  }
  out.logged_per_million = message.sampled_per_million();
  return absl::OkStatus();
}

std::string DeterministicBytes(const internal::v1::ServerConfig& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

using Sha256Sum = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

std::string Sha256Of(absl::string_view bytes) {
  Sha256Sum sum;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), sum.data());
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

}  // namespace

absl::StatusOr<DecisionSettings> ResolveDecisions(const DecisionConfig& message) {
  constexpr uint32_t kRingBytesMin = 64 << 10;
  constexpr uint32_t kRingBytesMax = 1u << 30;
  DecisionSettings out;
  absl::Status status = ReadDays("receipt_lifetime_days", message.receipt_lifetime_days(), out.receipt_lifetime);
  if (status.ok()) status = ReadDays("log_retention_days", message.log_retention_days(), out.log_retention);
  if (status.ok()) status = ReadMode(message, out);
  if (!status.ok()) return status;
  if (!internal::v1::DecisionLogFull_IsValid(message.when_full())) {
    return BadDecisions("when_full", "must be DECISION_LOG_FULL_DROP or _REFUSE");
  }
  out.refuse_when_full = message.when_full() == internal::v1::DECISION_LOG_FULL_REFUSE;
  if (message.ring_bytes() != 0) {
    if (message.ring_bytes() < kRingBytesMin || message.ring_bytes() > kRingBytesMax) {
      return BadDecisions("ring_bytes",
                          absl::StrCat("must be ", kRingBytesMin, " to ", kRingBytesMax, ", or 0 for the default"));
    }
    out.ring_bytes = std::bit_ceil(size_t{message.ring_bytes()});
  }
  return out;
}

std::string VerdictTextOf(const internal::v1::ServerConfig& message) {
  internal::v1::ServerConfig rules;
  *rules.mutable_jurisdictions() = message.jurisdictions();
  *rules.mutable_signals() = message.signals();
  rules.mutable_signals()->clear_vendor_list_files();
  *rules.mutable_significant_uses_allowed() = message.significant_uses_allowed();
  return DeterministicBytes(rules);
}

policy::PolicyVersion PolicyVersionOf(absl::string_view verdict_text, const std::vector<std::string>& vendor_lists) {
  std::string all(kVerdictRules);
  all += Sha256Of(verdict_text);
  for (const std::string& list : vendor_lists) all += Sha256Of(list);
  const std::string sum = Sha256Of(all);
  policy::PolicyVersion version;
  std::copy_n(sum.begin(), version.size(), version.begin());
  return version;
}

}  // namespace assent::server
