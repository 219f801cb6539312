// The offline audit of a model: whom it puts where, group by group, on a table of people.
#ifndef ASSENT_CLIENT_MODEL_AUDIT_H_
#define ASSENT_CLIENT_MODEL_AUDIT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "assent/internal/v1/audit_policy.pb.h"
#include "client/audit_groups.h"
#include "client/training_table.h"
#include "policy/fairness_coverage.h"
#include "policy/fairness_parity.h"
#include "policy/fairness_proxy.h"
#include "policy/fairness_verdict.h"
#include "scoring/model.h"

namespace assent::client {

// A segment, or "not sure", which is an outcome as well: who gets no answer is looked at like who gets one.
struct OutcomeAudit {
  std::string segment_id;  // empty: the model is not sure
  std::string label;
  std::vector<policy::GroupCount> counts;  // [groups]
  policy::Disparity disparity;             // of the rates of all groups, large or small
  double differential_fairness = 0;
  std::vector<policy::FairnessComparison> comparisons;  // every pair
  policy::FairnessVerdict verdict = policy::FairnessVerdict::kInsufficientEvidence;
};

struct ProxyAudit {
  std::string feature;
  policy::ProxyFinding finding;  // its p_adjusted is corrected for the number of attributes too
  bool is_proxy = false;
};

struct AttributeAudit {
  std::string name;
  std::vector<std::string> groups;
  std::vector<uint64_t> rows;           // [groups]
  std::vector<double> total_variation;  // [groups]: of the group's outcomes from those of all rows
  double cramers_v = 0;                 // of outcome and group, bias-corrected
  double mutual_information = 0;        // of the same, nats
  std::vector<OutcomeAudit> outcomes;  // the segments in the model's order; "not sure" last, where the model can say so
  std::vector<ProxyAudit> proxies;     // [scored features]
  std::vector<policy::GroupCoverage> coverage;  // [groups], or empty without a population
  bool too_associated = false;                  // cramers_v is above segment_association_max
};

struct ModelAudit {
  uint64_t rows = 0;
  uint64_t not_sure = 0;
  std::vector<AttributeAudit> attributes;
  // Why it did not pass, a sentence each. Empty: it passed.
  std::vector<std::string> failures;

  bool passed() const { return failures.empty(); }
};

// Assigns every row as the server would, and measures. `table` has one column for each scored feature, in order, and as
// many rows as each attribute. `policy` is complete (ReadAuditPolicy). `progress` gets the share done, 0 to 1; may be
// empty. The same input gives the same audit. Errors: those of ScaleTable. Cost: of AssignBatch, and of ScanProxies for
// each attribute.
absl::StatusOr<ModelAudit> AuditModel(const scoring::Model& model, const TrainingTable& table,
                                      const std::vector<AuditAttribute>& attributes,
                                      const internal::v1::AuditPolicy& policy,
                                      const std::function<void(double)>& progress);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_MODEL_AUDIT_H_
