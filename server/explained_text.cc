#include "server/explained_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "server/plain_reason.h"

namespace assent::server {
namespace {

constexpr size_t kNamedChangesMax = 3;

absl::string_view LabelOf(const v1::SegmentMatch& segment, const Phrases& phrases) {
  if (segment.segment_id().empty()) return phrases.hidden_segment;
  return segment.label().empty() ? segment.segment_id() : segment.label();
}

std::string ChangeText(const v1::SmallestChange& change, const Phrases& phrases) {
  if (!change.reachable()) return std::string(phrases.cannot_leave);
  std::vector<const v1::FeatureChange*> largest;
  for (const v1::FeatureChange& feature : change.changes()) largest.push_back(&feature);
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto* a, const auto* b) { return a->share() > b->share(); });
  const size_t others = largest.size() - std::min(largest.size(), kNamedChangesMax);
  largest.resize(largest.size() - others);
  std::vector<std::string> parts;
  for (const v1::FeatureChange* feature : largest) {
    parts.push_back(absl::Substitute(phrases.feature_were, SpokenName(feature->feature()),
                                     Quantity(feature->to(), feature->unit(), phrases),
                                     Quantity(feature->from(), feature->unit(), phrases)));
  }
  if (others != 0) parts.push_back(absl::Substitute(phrases.others_a_little, others));
  return absl::Substitute(phrases.would_leave, Listed(parts, phrases));
}

std::string PermissionText(policy::Permission permission, const v1::ConsentBasis& consent, const Phrases& phrases) {
  switch (permission) {
    case policy::Permission::kTcf:
      return std::string(phrases.by_tcf);
    case policy::Permission::kOptOutDefault:
      return std::string(phrases.by_default);
    case policy::Permission::kGrant:
    case policy::Permission::kExplicitGrant:
      if (consent.notice_id().empty()) return std::string(phrases.by_grant);
      return absl::Substitute(phrases.by_grant_of_notice, consent.notice_id(), consent.notice_version());
    case policy::Permission::kNone:
      break;
  }
  return "";
}

}  // namespace

std::string ExplainedText(const policy::Decision& decision, const v1::ExplainResponse& response,
                          const Phrases& phrases) {
  if (!response.has_segment()) return std::string(phrases.rule(decision.rule));
  std::string text;
  if (decision.outcome == policy::Outcome::kAssigned) {
    text = absl::StrCat(absl::Substitute(phrases.in_segment, LabelOf(response.segment(), phrases)), " ",
                        MainReasons(response, phrases));
    if (response.has_smallest_change()) absl::StrAppend(&text, " ", ChangeText(response.smallest_change(), phrases));
  } else {
    text = std::string(phrases.rule(decision.rule));
    if (response.has_runner_up()) {
      absl::StrAppend(&text, " ",
                      absl::Substitute(phrases.nearest_two, LabelOf(response.segment(), phrases),
                                       LabelOf(response.runner_up(), phrases)));
    }
  }
  return absl::StrCat(text, " ", PermissionText(decision.permission, response.consent(), phrases));
}

std::string WhyNotText(const policy::Decision& decision, const v1::ExplainResponse& response, const v1::WhyNot& why_not,
                       policy::Rule rule, const Phrases& phrases) {
  const absl::string_view asked = LabelOf(why_not.segment(), phrases);
  const bool nearest = response.segment().segment_id() == why_not.segment().segment_id();
  if (rule == policy::Rule::kNone && nearest && decision.outcome == policy::Outcome::kAssigned) {
    return absl::Substitute(phrases.already_in, asked);
  }
  const std::string not_in = absl::Substitute(phrases.not_in_segment, asked);
  if (rule != policy::Rule::kNone || nearest) {
    const policy::Rule deciding = rule != policy::Rule::kNone ? rule : decision.rule;
    return absl::StrCat(not_in, " ",
                        response.has_segment() && !nearest ? phrases.asked_segment(deciding) : phrases.rule(deciding));
  }
  std::vector<double> amounts;
  for (const v1::FeatureTerm& term : why_not.terms()) amounts.push_back(term.contribution());
  const std::string named = NamedFeatures(response.contributions(), amounts, phrases);
  const absl::string_view better = LabelOf(response.segment(), phrases);
  return absl::StrCat(not_in, " ",
                      named.empty() ? absl::Substitute(phrases.only_nearer, better, asked)
                                    : absl::Substitute(phrases.fits_better, better, asked, named));
}

}  // namespace assent::server
