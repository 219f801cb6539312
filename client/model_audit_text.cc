#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/bar_chart.h"
#include "client/model_audit_report.h"

namespace assent::client {
namespace {

using policy::FairnessVerdict;

constexpr size_t kProxiesShown = 8;

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

std::string PercentRange(const policy::Interval& interval) {
  return absl::StrFormat("%.1f to %.1f", 100 * interval.low, 100 * interval.high);
}

Style StyleOf(FairnessVerdict verdict) {
  switch (verdict) {
    case FairnessVerdict::kBreach:
      return Style::kBad;
    case FairnessVerdict::kWarning:
      return Style::kWarn;
    case FairnessVerdict::kWithinLimits:
      return Style::kGood;
    case FairnessVerdict::kInsufficientEvidence:
      return Style::kDim;
  }
  return Style::kPlain;
}

const char* VerdictText(FairnessVerdict verdict) {
  switch (verdict) {
    case FairnessVerdict::kBreach:
      return "breach";
    case FairnessVerdict::kWarning:
      return "warning, may be chance";
    case FairnessVerdict::kWithinLimits:
      return "within the limits";
    case FairnessVerdict::kInsufficientEvidence:
      return "insufficient evidence";
  }
  return "";
}

// The comparison that speaks loudest: the worst verdict, then the lowest ratio.
const policy::FairnessComparison* Worst(const OutcomeAudit& outcome) {
  const auto worst = std::max_element(
      outcome.comparisons.begin(), outcome.comparisons.end(),
      [](const auto& a, const auto& b) { return a.verdict != b.verdict ? a.verdict < b.verdict : a.ratio > b.ratio; });
  return worst == outcome.comparisons.end() ? nullptr : &*worst;
}

void PrintWorst(const AttributeAudit& attribute, const OutcomeAudit& outcome, CommandLine& line) {
  line.out << "    " << line.terminal.Paint(StyleOf(outcome.verdict), VerdictText(outcome.verdict));
  const policy::FairnessComparison* worst = Worst(outcome);
  if (worst != nullptr && worst->verdict != FairnessVerdict::kInsufficientEvidence) {
    line.out << ": " << attribute.groups[worst->group] << " has "
             << absl::StrFormat("%.2f (%.2f to %.2f)", worst->ratio, worst->ratio_interval.low,
                                worst->ratio_interval.high)
             << " of the rate of " << attribute.groups[worst->reference];
  }
  line.out << "\n";
}

void PrintOutcome(const AttributeAudit& attribute, const OutcomeAudit& outcome, double z, CommandLine& line) {
  policy::GroupCount all;
  for (const policy::GroupCount& count : outcome.counts) {
    all.members += count.members;
    all.selected += count.selected;
  }
  line.out << "  " << line.terminal.Paint(Style::kAccent, outcome.segment_id.empty() ? "–" : outcome.segment_id) << "  "
           << outcome.label << ", " << Percent(all.rate()) << " of all\n";
  std::vector<Bar> bars;
  for (size_t group = 0; group < outcome.counts.size(); ++group) {
    const policy::GroupCount& count = outcome.counts[group];
    bars.push_back({.label = attribute.groups[group],
                    .value = count.members == 0 ? "nobody" : Percent(count.rate()),
                    .typical = PercentRange(policy::WilsonInterval(count, z)),
                    .amount = count.members == 0 ? 0 : 100 * (count.rate() - all.rate())});
  }
  const BarChartText text{.label_title = "group",
                          .value_title = "selected",
                          .typical_title = "interval",
                          .left_title = "less often",
                          .right_title = "more often"};
  for (const std::string& chart_line : DrawBarChart(bars, text, line.terminal)) line.out << "  " << chart_line << "\n";
  PrintWorst(attribute, outcome, line);
}

void PrintGroups(const AttributeAudit& attribute, const internal::v1::AuditPolicy& policy, CommandLine& line) {
  for (size_t group = 0; group < attribute.groups.size(); ++group) {
    const bool few = attribute.rows[group] < policy.members_min();
    line.out << "  " << PadRight(attribute.groups[group], 26) << PadLeft(HumanCount(attribute.rows[group]), 12)
             << " rows  distance " << absl::StrFormat("%.3f", attribute.total_variation[group])
             << (few ? line.terminal.Paint(Style::kDim, "  too few to be compared") : "") << "\n";
  }
}

void PrintProxies(const AttributeAudit& attribute, CommandLine& line) {
  std::vector<const ProxyAudit*> sorted;
  for (const ProxyAudit& proxy : attribute.proxies) sorted.push_back(&proxy);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ProxyAudit* a, const ProxyAudit* b) { return a->finding.strength > b->finding.strength; });
  line.out << "  Features that tell the group"
           << line.terminal.Paint(Style::kDim, "  strength, p, Cramer's V, eta², nats") << "\n";
  for (size_t i = 0; i < std::min(sorted.size(), kProxiesShown); ++i) {
    const policy::ProxyFinding& finding = sorted[i]->finding;
    line.out << "    " << PadRight(sorted[i]->feature, 26)
             << absl::StrFormat("%.3f  p %.4f  %.3f  %.3f  %.4f", finding.strength, finding.p_adjusted,
                                finding.cramers_v, finding.correlation_ratio, finding.mutual_information)
             << (sorted[i]->is_proxy ? line.terminal.Paint(Style::kBad, "  proxy") : "") << "\n";
  }
  if (sorted.size() > kProxiesShown) {
    line.out << "    and " << sorted.size() - kProxiesShown << " weaker ones: see --json\n";
  }
}

void PrintCoverage(const AttributeAudit& attribute, CommandLine& line) {
  if (attribute.coverage.empty()) return;
  line.out << "  Coverage of the population\n";
  for (size_t group = 0; group < attribute.coverage.size(); ++group) {
    const policy::GroupCoverage& coverage = attribute.coverage[group];
    line.out << "    " << PadRight(attribute.groups[group], 26) << PadLeft(Percent(coverage.share), 8)
             << " of the data, " << PadLeft(Percent(coverage.population_share), 8) << " of the population  "
             << line.terminal.Paint(StyleOf(coverage.verdict), VerdictText(coverage.verdict)) << "\n";
  }
}

}  // namespace

void PrintAudit(const AuditSubject& subject, const internal::v1::AuditPolicy& policy, const ModelAudit& audit,
                CommandLine& line) {
  const double z = policy::TwoSidedZ(policy.confidence());
  line.out << line.terminal.Paint(Style::kBold, subject.model_name) << "  " << subject.model_digest << "\n"
           << HumanCount(audit.rows) << " rows, not sure about " << HumanCount(audit.not_sure)
           << "; limit of the ratio " << HumanNumber(policy.ratio_min()) << ", intervals of "
           << HumanNumber(100 * policy.confidence()) << " %\n";
  for (const AttributeAudit& attribute : audit.attributes) {
    line.out << "\n"
             << line.terminal.Paint(Style::kBold, attribute.name)
             << absl::StrFormat("  Cramer's V of segment and group %.3f, %.4f nats\n", attribute.cramers_v,
                                attribute.mutual_information);
    PrintGroups(attribute, policy, line);
    for (const OutcomeAudit& outcome : attribute.outcomes) PrintOutcome(attribute, outcome, z, line);
    PrintProxies(attribute, line);
    PrintCoverage(attribute, line);
  }
  line.out << "\n";
  for (const std::string& failure : audit.failures) {
    line.out << line.terminal.Paint(Style::kBad, "✗ ") << failure << "\n";
  }
  if (audit.passed()) line.out << line.terminal.Paint(Style::kGood, "The audit passed.") << "\n";
}

}  // namespace assent::client
