#include "client/explanation_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/bar_chart.h"
#include "client/request_text.h"

namespace assent::client {
namespace {

constexpr size_t kNamedChangesMax = 4;

std::string SegmentText(const v1::SegmentMatch& match) {
  if (match.segment_id().empty()) {
    return absl::StrCat("a segment that this purpose may not use (", HumanShare(match.membership()), ")");
  }
  return absl::StrCat(match.segment_id(), " “", match.label(), "” (", HumanShare(match.membership()), ")");
}

std::vector<Bar> MakeBars(const v1::ExplainResponse& response, const ShownFeatures& shown) {
  std::vector<Bar> bars;
  for (const ShownFeature& one : FeaturesToShow(response, shown)) {
    if (one.feature == nullptr) {
      bars.push_back({absl::StrCat(one.others, " more"), "", "", one.amount});
      continue;
    }
    const v1::FeatureContribution& c = *one.feature;
    bars.push_back({absl::StrReplaceAll(c.feature(), {{"_", " "}}),
                    c.missing() ? "missing" : WithUnit(c.value(), c.unit()), WithUnit(c.typical_value(), c.unit()),
                    one.amount});
  }
  return bars;
}

std::string SumText(const v1::ExplainResponse& response, Amounts by) {
  if (by == Amounts::kTerms) return absl::StrCat("the bars sum to the margin, ", HumanNumber(response.margin(), 4));
  return absl::StrCat("average person ", HumanNumber(response.expected_margin(), 4), ", bars ",
                      HumanNumber(response.margin() - response.expected_margin(), 4), ": margin ",
                      HumanNumber(response.margin(), 4));
}

std::string ChangeLine(const v1::SmallestChange& change) {
  if (!change.reachable()) return "not reachable with what the person can change";
  const auto part = [](std::string* out, const v1::FeatureChange* feature) {
    absl::StrAppend(out, absl::StrReplaceAll(feature->feature(), {{"_", " "}}), " ",
                    WithUnit(feature->from(), feature->unit()), " → ", WithUnit(feature->to(), feature->unit()));
  };
  std::vector<const v1::FeatureChange*> largest = LargestFirst(change);
  const size_t others = largest.size() - std::min(largest.size(), kNamedChangesMax);
  largest.resize(largest.size() - others);
  const std::string nearest =
      change.nearest().segment_id().empty() ? "" : " (then " + change.nearest().segment_id() + ")";
  return absl::StrCat(absl::StrJoin(largest, ", ", part),
                      others == 0 ? "" : absl::StrCat(", ", others, " more a little"), nearest);
}

void AddComparison(const v1::ExplainResponse& response, const ShownFeatures& shown, const Terminal& terminal,
                   std::vector<std::string>& lines) {
  lines.push_back(absl::StrCat("  nearest    ", terminal.Paint(Style::kBold, SegmentText(response.segment()))));
  if (!response.has_runner_up()) return;
  lines.push_back(absl::StrCat("  runner-up  ", SegmentText(response.runner_up())));
  lines.emplace_back();
  const BarChartText text = {"feature", "this person", "typical", "for runner-up", "for nearest"};
  for (std::string& row : DrawBarChart(MakeBars(response, shown), text, terminal)) lines.push_back(std::move(row));
  lines.push_back(
      terminal.Paint(Style::kDim, absl::StrCat("  ", SumText(response, shown.by), " (squared scaled units)")));
}

}  // namespace

std::vector<const v1::FeatureChange*> LargestFirst(const v1::SmallestChange& change) {
  std::vector<const v1::FeatureChange*> all;
  for (const v1::FeatureChange& feature : change.changes()) all.push_back(&feature);
  std::stable_sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->share() > b->share(); });
  return all;
}

std::string WithUnit(double value, const std::string& unit) {
  return absl::StrCat(HumanNumber(value), unit.empty() ? "" : " ", unit);
}

std::vector<ShownFeature> FeaturesToShow(const v1::ExplainResponse& response, const ShownFeatures& shown) {
  std::vector<ShownFeature> all;
  for (const v1::FeatureContribution& c : response.contributions()) {
    all.push_back({.feature = &c, .amount = shown.by == Amounts::kTerms ? c.contribution() : c.shapley()});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return std::fabs(a.amount) > std::fabs(b.amount); });
  if (all.size() <= shown.top) return all;
  ShownFeature rest;
  for (size_t i = shown.top; i < all.size(); ++i) rest.amount += all[i].amount;
  rest.others = all.size() - shown.top;
  all.resize(shown.top);
  all.push_back(rest);
  return all;
}

std::vector<std::string> ExplanationLines(const v1::ExplainResponse& response, const ShownFeatures& shown,
                                          const Terminal& terminal) {
  const v1::AssignResponse& decision = response.decision();
  const bool assigned = decision.outcome() == v1::OUTCOME_ASSIGNED;
  std::vector<std::string> lines = {
      absl::StrCat(terminal.Paint(assigned ? Style::kGood : Style::kWarn, OutcomeText(decision.outcome())), "  ",
                   terminal.Paint(Style::kDim, decision.reason()))};
  if (response.has_segment()) {
    AddComparison(response, shown, terminal, lines);
  } else {
    lines.emplace_back("  No features were read: the answer was decided before the model.");
  }
  if (response.has_smallest_change()) {
    lines.push_back(absl::StrCat("  to leave   ", ChangeLine(response.smallest_change())));
  }
  if (response.has_why_not()) lines.push_back(absl::StrCat("  why not    ", response.why_not().text()));
  if (!response.text().empty()) {
    lines.emplace_back();
    lines.push_back(absl::StrCat("  ", response.text()));
  }
  return lines;
}

}  // namespace assent::client
