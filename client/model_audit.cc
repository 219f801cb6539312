#include "client/model_audit.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/audit_policy.h"
#include "client/scaling.h"
#include "client/terminal.h"
#include "policy/fairness_association.h"
#include "scoring/assign.h"

namespace assent::client {
namespace {

using internal::v1::AuditPolicy;
using policy::FairnessVerdict;

constexpr size_t kRowsPerBatch = 4096;

// [rows]: the centroid's index, or k where the model is not sure.
absl::StatusOr<std::vector<uint32_t>> AssignRows(const scoring::Model& model, const TrainingTable& table) {
  auto scaled = ScaleTable(table, model.schema());
  if (!scaled.ok()) return scaled.status();
  const size_t dim = model.centroids().dim();
  std::vector<uint32_t> outcomes;
  std::vector<scoring::Assignment> assignments(kRowsPerBatch);
  scoring::Workspace workspace;
  for (size_t row = 0; row < table.rows; row += kRowsPerBatch) {
    const size_t rows = std::min(kRowsPerBatch, table.rows - row);
    scoring::AssignBatch(model, std::span<const float>(*scaled).subspan(row * dim, rows * dim), rows, workspace,
                         std::span(assignments).first(rows));
    for (const scoring::Assignment& assignment : std::span(assignments).first(rows)) {
      const bool sure = assignment.certainty == scoring::Certainty::kSure;
      outcomes.push_back(sure ? assignment.winner : static_cast<uint32_t>(model.centroids().k()));
    }
  }
  return outcomes;
}

// Shape: [groups x (k + 1)], row-major.
std::vector<uint64_t> CountOutcomes(const AuditAttribute& attribute, const std::vector<uint32_t>& outcomes, size_t k) {
  std::vector<uint64_t> counts(attribute.groups.size() * (k + 1));
  for (size_t row = 0; row < outcomes.size(); ++row) ++counts[attribute.row_groups[row] * (k + 1) + outcomes[row]];
  return counts;
}

OutcomeAudit MeasureOutcome(const AttributeAudit& attribute, const std::vector<uint64_t>& counts, size_t width,
                            size_t outcome, const policy::FairnessLimits& limits) {
  OutcomeAudit audit;
  std::vector<double> rates;
  for (size_t group = 0; group < attribute.groups.size(); ++group) {
    audit.counts.push_back({.members = attribute.rows[group], .selected = counts[group * width + outcome]});
    if (attribute.rows[group] > 0) rates.push_back(audit.counts.back().rate());
  }
  audit.disparity = policy::DisparityBetweenGroups(rates);
  audit.differential_fairness = policy::SmoothedDifferentialFairness(audit.counts);
  audit.comparisons = policy::CompareGroups(audit.counts, limits);
  return audit;
}

AttributeAudit MeasureAttribute(const scoring::Model& model, const AuditAttribute& attribute,
                                const std::vector<uint32_t>& outcomes, const AuditPolicy& policy) {
  const size_t width = model.centroids().k() + 1;
  const std::vector<uint64_t> counts = CountOutcomes(attribute, outcomes, width - 1);
  AttributeAudit audit;
  audit.name = attribute.name;
  audit.groups = attribute.groups;
  std::vector<uint64_t> all(width);
  for (size_t cell = 0; cell < counts.size(); ++cell) all[cell % width] += counts[cell];
  for (size_t group = 0; group < attribute.groups.size(); ++group) {
    const std::span<const uint64_t> own = std::span<const uint64_t>(counts).subspan(group * width, width);
    uint64_t rows = 0;
    for (const uint64_t count : own) rows += count;
    audit.rows.push_back(rows);
    audit.total_variation.push_back(policy::TotalVariation(own, all));
  }
  audit.cramers_v = policy::CramersV(counts, width);
  audit.mutual_information = policy::MutualInformation(counts, width);
  audit.too_associated = policy.segment_association_max() > 0 && audit.cramers_v > policy.segment_association_max();
  const bool can_abstain = model.abstention().margin_min > 0 || model.abstention().distance_max > 0;
  for (size_t outcome = 0; outcome < (can_abstain ? width : width - 1); ++outcome) {
    audit.outcomes.push_back(MeasureOutcome(audit, counts, width, outcome, FairnessLimitsOf(policy)));
    audit.outcomes.back().label = outcome + 1 < width ? model.segments()[outcome].label : "not sure";
    if (outcome + 1 < width) audit.outcomes.back().segment_id = model.segments()[outcome].segment_id;
  }
  if (!attribute.population.empty()) {
    audit.coverage = policy::CoverageOf(audit.rows, attribute.population, CoverageLimitsOf(policy));
  }
  return audit;
}

// Over all comparisons of the audit together.
void SettleAudit(const AuditPolicy& policy, ModelAudit& audit) {
  std::vector<policy::FairnessComparison*> comparisons;
  for (AttributeAudit& attribute : audit.attributes) {
    for (OutcomeAudit& outcome : attribute.outcomes) {
      for (policy::FairnessComparison& comparison : outcome.comparisons) comparisons.push_back(&comparison);
    }
  }
  policy::SettleVerdicts(comparisons, FairnessLimitsOf(policy));
  for (AttributeAudit& attribute : audit.attributes) {
    for (OutcomeAudit& outcome : attribute.outcomes) {
      for (const policy::FairnessComparison& comparison : outcome.comparisons) {
        outcome.verdict = std::max(outcome.verdict, comparison.verdict);
      }
    }
  }
}

std::vector<ProxyAudit> FindProxies(const scoring::Model& model, const TrainingTable& table,
                                    const AuditAttribute& attribute, size_t attributes, const AuditPolicy& policy,
                                    const std::function<void(double)>& progress) {
  const policy::ProxyTable proxies{.values = table.values,
                                   .missing = table.missing,
                                   .columns = table.columns.size(),
                                   .groups = attribute.row_groups,
                                   .group_count = attribute.groups.size()};
  const std::vector<policy::ProxyFinding> findings =
      policy::ScanProxies(proxies, ProxyOptionsOf(policy, attributes), [&](double share) {
        if (progress) progress(share);
      });
  std::vector<ProxyAudit> audits;
  for (size_t column = 0; column < findings.size(); ++column) {
    ProxyAudit audit{.feature = model.schema().scored(column).name, .finding = findings[column]};
    audit.finding.p_adjusted = std::min(1.0, audit.finding.p_adjusted * static_cast<double>(attributes));
    audit.is_proxy = audit.finding.strength > policy.proxy_strength_max() &&
                     audit.finding.p_adjusted <= 1 - policy.confidence() + 1e-12;
    audits.push_back(std::move(audit));
  }
  return audits;
}

void AddOutcomeFailures(const AttributeAudit& attribute, const OutcomeAudit& outcome, const AuditPolicy& policy,
                        std::vector<std::string>& failures) {
  const std::string what = outcome.segment_id.empty() ? "not sure" : outcome.segment_id;
  for (const policy::FairnessComparison& comparison : outcome.comparisons) {
    const std::string& group = attribute.groups[comparison.group];
    const std::string& reference = attribute.groups[comparison.reference];
    if (comparison.verdict == FairnessVerdict::kBreach) {
      failures.push_back(absl::StrCat(attribute.name, ", ", what, ": ", group, " has ", HumanNumber(comparison.ratio),
                                      " of the rate of ", reference, " (", HumanNumber(comparison.ratio_interval.low),
                                      " to ", HumanNumber(comparison.ratio_interval.high), ")"));
    } else if (comparison.verdict == FairnessVerdict::kInsufficientEvidence && policy.insufficient_fails()) {
      failures.push_back(
          absl::StrCat(attribute.name, ", ", what, ": ", group, " and ", reference, " are too few to be compared"));
    }
  }
}

void AddAttributeFailures(const AttributeAudit& attribute, const AuditPolicy& policy,
                          std::vector<std::string>& failures) {
  bool evidence = false;
  for (const OutcomeAudit& outcome : attribute.outcomes) {
    evidence = evidence || outcome.verdict != FairnessVerdict::kInsufficientEvidence;
    AddOutcomeFailures(attribute, outcome, policy, failures);
  }
  if (!evidence) {
    failures.push_back(absl::StrCat(attribute.name, ": no two groups are large enough to be compared, in any segment"));
  }
  if (attribute.too_associated) {
    failures.push_back(absl::StrCat(attribute.name, ": segments and groups have a Cramer's V of ",
                                    HumanNumber(attribute.cramers_v), ", more than ",
                                    HumanNumber(policy.segment_association_max())));
  }
  for (const ProxyAudit& proxy : attribute.proxies) {
    if (!proxy.is_proxy) continue;
    failures.push_back(absl::StrCat(attribute.name, ": the feature ", proxy.feature, " tells it with a strength of ",
                                    HumanNumber(proxy.finding.strength), ", more than ",
                                    HumanNumber(policy.proxy_strength_max())));
  }
  for (size_t group = 0; group < attribute.coverage.size(); ++group) {
    if (attribute.coverage[group].verdict != FairnessVerdict::kBreach) continue;
    failures.push_back(absl::StrCat(attribute.name, ": the data have ", HumanNumber(attribute.coverage[group].ratio),
                                    " of the share of ", attribute.groups[group], " in the population"));
  }
}

}  // namespace

absl::StatusOr<ModelAudit> AuditModel(const scoring::Model& model, const TrainingTable& table,
                                      const std::vector<AuditAttribute>& attributes, const AuditPolicy& policy,
                                      const std::function<void(double)>& progress) {
  auto outcomes = AssignRows(model, table);
  if (!outcomes.ok()) return outcomes.status();
  ModelAudit audit;
  audit.rows = table.rows;
  audit.not_sure = static_cast<uint64_t>(
      std::count(outcomes->begin(), outcomes->end(), static_cast<uint32_t>(model.centroids().k())));
  for (const AuditAttribute& attribute : attributes) {
    const auto done = static_cast<double>(audit.attributes.size());
    audit.attributes.push_back(MeasureAttribute(model, attribute, *outcomes, policy));
    audit.attributes.back().proxies =
        FindProxies(model, table, attribute, attributes.size(), policy, [&](double share) {
          if (progress) progress((done + share) / static_cast<double>(attributes.size()));
        });
  }
  SettleAudit(policy, audit);
  for (const AttributeAudit& attribute : audit.attributes) {
    AddAttributeFailures(attribute, policy, audit.failures);
  }
  return audit;
}

}  // namespace assent::client
