// The limits that a model is audited against.
#ifndef ASSENT_CLIENT_AUDIT_POLICY_H_
#define ASSENT_CLIENT_AUDIT_POLICY_H_

#include <string>

#include "absl/status/statusor.h"
#include "assent/internal/v1/audit_policy.pb.h"
#include "policy/fairness_coverage.h"
#include "policy/fairness_proxy.h"
#include "policy/fairness_verdict.h"

namespace assent::client {

// The policy of a textproto file, checked, every default written out; of an empty path, all defaults. Errors: NotFound;
// InvalidArgument that names the field and its limits.
absl::StatusOr<internal::v1::AuditPolicy> ReadAuditPolicy(const std::string& path);

// What a complete policy says to each part.
policy::FairnessLimits FairnessLimitsOf(const internal::v1::AuditPolicy& policy);
policy::CoverageLimits CoverageLimitsOf(const internal::v1::AuditPolicy& policy);
// With as many permutations as the least p-value needs to be called rare for each of `attributes`.
policy::ProxyOptions ProxyOptionsOf(const internal::v1::AuditPolicy& policy, size_t attributes);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_AUDIT_POLICY_H_
