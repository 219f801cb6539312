#include "client/audit_policy.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/text_proto_file.h"

namespace assent::client {
namespace {

using internal::v1::AuditPolicy;

constexpr uint32_t kCountMax = 1'000'000'000;
constexpr uint32_t kPermutationsMax = 100'000;
constexpr uint32_t kPermutationRowsMax = 10'000'000;

void FillDefaults(AuditPolicy& policy) {
  if (policy.ratio_min() == 0) policy.set_ratio_min(0.8);
  if (policy.confidence() == 0) policy.set_confidence(0.95);
  if (policy.members_min() == 0) policy.set_members_min(100);
  if (policy.selected_min() == 0) policy.set_selected_min(10);
  if (policy.proxy_strength_max() == 0) policy.set_proxy_strength_max(0.3);
  if (policy.permutations() == 0) policy.set_permutations(999);
  if (policy.permutation_rows() == 0) policy.set_permutation_rows(20000);
  if (policy.seed() == 0) policy.set_seed(1);
  if (policy.coverage_ratio_min() == 0) policy.set_coverage_ratio_min(0.8);
}

struct Range {
  const char* field;
  double value, least, greatest;
};

absl::Status CheckRanges(const AuditPolicy& policy) {
  for (const Range& range :
       {Range{"ratio_min", policy.ratio_min(), 0, 1}, Range{"difference_max", policy.difference_max(), 0, 1},
        Range{"confidence", policy.confidence(), 0.5, 0.999},
        Range{"members_min", static_cast<double>(policy.members_min()), 1, kCountMax},
        Range{"selected_min", static_cast<double>(policy.selected_min()), 1, kCountMax},
        Range{"segment_association_max", policy.segment_association_max(), 0, 1},
        Range{"proxy_strength_max", policy.proxy_strength_max(), 0, 1},
        Range{"permutations", static_cast<double>(policy.permutations()), 1, kPermutationsMax},
        Range{"permutation_rows", static_cast<double>(policy.permutation_rows()), 1, kPermutationRowsMax},
        Range{"coverage_ratio_min", policy.coverage_ratio_min(), 0, 1}}) {
    if (range.value >= range.least && range.value <= range.greatest) continue;  // false for NaN
    return absl::InvalidArgumentError(
        absl::StrCat(range.field, ": ", range.value, " is not in ", range.least, " to ", range.greatest));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AuditPolicy> ReadAuditPolicy(const std::string& path) {
  AuditPolicy policy;
  if (!path.empty()) {
    if (absl::Status status = ReadTextProto(path, policy); !status.ok()) return status;
  }
  FillDefaults(policy);
  if (absl::Status status = CheckRanges(policy); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }
  return policy;
}

policy::FairnessLimits FairnessLimitsOf(const AuditPolicy& policy) {
  return {.ratio_min = policy.ratio_min(),
          .difference_max = policy.difference_max(),
          .confidence = policy.confidence(),
          .members_min = policy.members_min(),
          .selected_min = policy.selected_min()};
}

policy::CoverageLimits CoverageLimitsOf(const AuditPolicy& policy) {
  return {.ratio_min = policy.coverage_ratio_min(),
          .confidence = policy.confidence(),
          .expected_min = policy.selected_min()};
}

policy::ProxyOptions ProxyOptionsOf(const AuditPolicy& policy, size_t attributes) {
  const double needed = std::ceil(static_cast<double>(attributes) / (1 - policy.confidence()));
  return {.permutations = std::max<size_t>(policy.permutations(), static_cast<size_t>(needed)),
          .rows_max = policy.permutation_rows(),
          .seed = policy.seed()};
}

}  // namespace assent::client
