#include <utility>

#include "client/model_audit_report.h"

namespace assent::client {
namespace {

using nlohmann::ordered_json;

ordered_json IntervalJson(const policy::Interval& interval) { return {interval.low, interval.high}; }

ordered_json PairJson(const AttributeAudit& attribute, const policy::FairnessComparison& comparison) {
  return {{"group", attribute.groups[comparison.group]},
          {"reference", attribute.groups[comparison.reference]},
          {"ratio", comparison.ratio},
          {"ratio_interval", IntervalJson(comparison.ratio_interval)},
          {"difference", comparison.difference},
          {"difference_interval", IntervalJson(comparison.difference_interval)},
          {"p_value", comparison.p_value},
          {"p_adjusted", comparison.p_adjusted},
          {"verdict", policy::FairnessVerdictName(comparison.verdict)}};
}

ordered_json OutcomeJson(const AttributeAudit& attribute, const OutcomeAudit& outcome, double z) {
  ordered_json rates = ordered_json::array();
  for (size_t group = 0; group < outcome.counts.size(); ++group) {
    const policy::GroupCount& count = outcome.counts[group];
    rates.push_back({{"group", attribute.groups[group]},
                     {"selected", count.selected},
                     {"rows", count.members},
                     {"rate", count.rate()},
                     {"rate_interval", IntervalJson(policy::WilsonInterval(count, z))}});
  }
  ordered_json comparisons = ordered_json::array();
  for (const auto& comparison : outcome.comparisons) comparisons.push_back(PairJson(attribute, comparison));
  ordered_json json = {{"segment_id", outcome.segment_id},
                       {"label", outcome.label},
                       {"verdict", policy::FairnessVerdictName(outcome.verdict)},
                       {"difference", outcome.disparity.difference},
                       {"ratio", nullptr},
                       {"smoothed_differential_fairness", outcome.differential_fairness},
                       {"rates", std::move(rates)},
                       {"comparisons", std::move(comparisons)}};
  if (outcome.disparity.ratio.has_value()) json["ratio"] = *outcome.disparity.ratio;
  return json;
}

ordered_json ProxyJson(const ProxyAudit& proxy) {
  return {{"feature", proxy.feature},
          {"is_proxy", proxy.is_proxy},
          {"strength", proxy.finding.strength},
          {"p_adjusted", proxy.finding.p_adjusted},
          {"mutual_information", proxy.finding.mutual_information},
          {"p_mutual_information", proxy.finding.p_mutual_information},
          {"cramers_v", proxy.finding.cramers_v},
          {"p_cramers_v", proxy.finding.p_cramers_v},
          {"correlation_ratio", proxy.finding.correlation_ratio},
          {"p_correlation_ratio", proxy.finding.p_correlation_ratio}};
}

ordered_json CoverageJson(const std::string& group, const policy::GroupCoverage& coverage) {
  return {{"group", group},
          {"rows", coverage.rows},
          {"share", coverage.share},
          {"share_interval", IntervalJson(coverage.share_interval)},
          {"population_share", coverage.population_share},
          {"ratio", coverage.ratio},
          {"p_adjusted", coverage.p_adjusted},
          {"verdict", policy::FairnessVerdictName(coverage.verdict)}};
}

ordered_json AttributeJson(const AttributeAudit& attribute, double z) {
  ordered_json groups = ordered_json::array(), segments = ordered_json::array(), proxies = ordered_json::array();
  for (size_t group = 0; group < attribute.groups.size(); ++group) {
    groups.push_back({{"group", attribute.groups[group]},
                      {"rows", attribute.rows[group]},
                      {"total_variation", attribute.total_variation[group]}});
  }
  for (const OutcomeAudit& outcome : attribute.outcomes) segments.push_back(OutcomeJson(attribute, outcome, z));
  for (const ProxyAudit& proxy : attribute.proxies) proxies.push_back(ProxyJson(proxy));
  ordered_json json = {{"attribute", attribute.name},
                       {"cramers_v", attribute.cramers_v},
                       {"mutual_information", attribute.mutual_information},
                       {"groups", std::move(groups)},
                       {"segments", std::move(segments)},
                       {"proxies", std::move(proxies)}};
  ordered_json coverage = ordered_json::array();
  for (size_t group = 0; group < attribute.coverage.size(); ++group) {
    coverage.push_back(CoverageJson(attribute.groups[group], attribute.coverage[group]));
  }
  json["coverage"] = std::move(coverage);
  return json;
}

}  // namespace

ordered_json AuditJson(const AuditSubject& subject, const internal::v1::AuditPolicy& policy, const ModelAudit& audit) {
  ordered_json attributes = ordered_json::array();
  const double z = policy::TwoSidedZ(policy.confidence());
  for (const AttributeAudit& attribute : audit.attributes) attributes.push_back(AttributeJson(attribute, z));
  return {{"schema", kModelAuditSchema},
          {"model", {{"name", subject.model_name}, {"digest", subject.model_digest}}},
          {"data", {{"sha256", subject.data_sha256}, {"rows", audit.rows}, {"not_sure", audit.not_sure}}},
          {"population_sha256", subject.population_sha256},
          {"limits", ToJson(policy)},
          {"passed", audit.passed()},
          {"failures", audit.failures},
          {"attributes", std::move(attributes)}};
}

}  // namespace assent::client
