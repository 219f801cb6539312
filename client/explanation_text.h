// An explanation for a terminal.
#ifndef ASSENT_CLIENT_EXPLANATION_TEXT_H_
#define ASSENT_CLIENT_EXPLANATION_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "assent/v1/assignment_service.pb.h"
#include "client/terminal.h"

namespace assent::client {

// Which amounts are drawn.
enum class Amounts { kShapley, kTerms };

// Which features are drawn.
struct ShownFeatures {
  Amounts by = Amounts::kShapley;
  size_t top = 12;  // the largest; the others are summed up as one
};

// One feature as it is shown, or the sum of those that are not.
struct ShownFeature {
  const v1::FeatureContribution* feature = nullptr;  // null: the sum
  size_t others = 0;                                 // of the sum: how many
  double amount = 0;
};

// The largest amounts first. Ownership: borrows the response.
std::vector<ShownFeature> FeaturesToShow(const v1::ExplainResponse& response, const ShownFeatures& shown);

// What the smallest change changes most comes first. Ownership: borrows the change.
std::vector<const v1::FeatureChange*> LargestFirst(const v1::SmallestChange& change);

// "30 min", "0.31".
std::string WithUnit(double value, const std::string& unit);

// The explanation as lines: the decision, a bar chart, the smallest change, why not another segment, and the text.
std::vector<std::string> ExplanationLines(const v1::ExplainResponse& response, const ShownFeatures& shown,
                                          const Terminal& terminal);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_EXPLANATION_TEXT_H_
