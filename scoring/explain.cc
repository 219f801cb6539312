#include "scoring/explain.h"

#include <cstddef>

namespace assent::scoring {
namespace {

// d(x, b) - d(x, a) for one feature. Written with differences from x, so that the rounding error stays below a few
// units in the last place of d_a + d_b however far from zero the values lie (docs/explanations.md).
double MarginTerm(double x, double a, double b) { return (a - b) * ((x - a) + (x - b)); }

}  // namespace

Explanation Explain(const Model& model, std::span<const float> scaled, uint32_t winner, uint32_t runner_up) {
  const std::span<const float> a = model.centroids().row(winner);
  const std::span<const float> b = model.centroids().row(runner_up);
  const std::vector<double>& mean = model.background_mean();
  const size_t dim = model.centroids().dim();
  Explanation explanation;
  explanation.terms.resize(dim);
  explanation.shapley.resize(dim);
  for (size_t j = 0; j < dim; ++j) {
    const double x = static_cast<double>(scaled[j]);
    const double a_j = static_cast<double>(a[j]);
    const double b_j = static_cast<double>(b[j]);
    explanation.terms[j] = MarginTerm(x, a_j, b_j);
    explanation.shapley[j] = 2 * (a_j - b_j) * (x - mean[j]);
    explanation.margin += explanation.terms[j];
    explanation.expected_margin += MarginTerm(mean[j], a_j, b_j);
  }
  return explanation;
}

}  // namespace assent::scoring
