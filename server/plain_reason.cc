#include "server/plain_reason.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/substitute.h"

namespace assent::server {
namespace {

constexpr size_t kNamedFeaturesMax = 3;

}  // namespace

std::string Quantity(double value, absl::string_view unit, const Phrases& phrases) {
  std::string number = absl::StrFormat("%.4g", value);
  std::replace(number.begin(), number.end(), '.', phrases.decimal_point);
  return absl::StrCat(number, unit.empty() ? "" : " ", unit);
}

std::string SpokenName(absl::string_view feature) { return absl::StrReplaceAll(feature, {{"_", " "}}); }

std::string Listed(const std::vector<std::string>& parts, const Phrases& phrases) {
  if (parts.size() < 2) return absl::StrJoin(parts, "");
  return absl::StrCat(absl::StrJoin(parts.begin(), parts.end() - 1, ", "), phrases.final_and, parts.back());
}

std::string NamedFeatures(const google::protobuf::RepeatedPtrField<v1::FeatureContribution>& contributions,
                          const std::vector<double>& amounts, const Phrases& phrases) {
  std::vector<int> order(static_cast<size_t>(contributions.size()));
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](int i) { return contributions[i].missing() || !(amounts[static_cast<size_t>(i)] > 0); });
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return amounts[static_cast<size_t>(a)] > amounts[static_cast<size_t>(b)]; });
  order.resize(std::min(order.size(), kNamedFeaturesMax));
  std::vector<std::string> named;
  for (const int i : order) {
    const v1::FeatureContribution& feature = contributions[i];
    named.push_back(absl::Substitute(phrases.feature_is, SpokenName(feature.feature()),
                                     Quantity(feature.value(), feature.unit(), phrases),
                                     Quantity(feature.typical_value(), feature.unit(), phrases)));
  }
  return Listed(named, phrases);
}

std::string MainReasons(const v1::ExplainResponse& explanation, const Phrases& phrases) {
  std::vector<double> amounts;
  for (const v1::FeatureContribution& feature : explanation.contributions()) amounts.push_back(feature.shapley());
  const std::string named = NamedFeatures(explanation.contributions(), amounts, phrases);
  return named.empty() ? std::string(phrases.nothing_stands_out) : absl::Substitute(phrases.mostly_because, named);
}

}  // namespace assent::server
