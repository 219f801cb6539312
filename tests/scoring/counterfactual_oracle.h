// The smallest move again, by trying every set of limits that may bind: slow, plain, for a handful of features.
#ifndef ASSENT_TESTS_SCORING_COUNTERFACTUAL_ORACLE_H_
#define ASSENT_TESTS_SCORING_COUNTERFACTUAL_ORACLE_H_

#include <cstddef>
#include <optional>
#include <vector>

namespace assent::scoring {

// The moves that are possible, stated by the test and not read from the code under test. Scaled units.
struct PossibleMoves {
  struct Group {
    std::vector<size_t> members;
    std::vector<long double> weights;  // of the members' moves in the sum
    long double room = 0;
  };
  std::vector<long double> down;  // [dim] <= 0
  std::vector<long double> up;    // [dim] >= 0
  std::vector<Group> groups;
};

// The largest value of normal * move.
long double ReachByEnumeration(const std::vector<long double>& normal, const PossibleMoves& moves);

// The length of the shortest move with normal * move >= away, or none. Cost: 3^dim * 2^groups small systems.
std::optional<long double> LeastLengthByEnumeration(const std::vector<long double>& normal, long double away,
                                                    const PossibleMoves& moves);

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_SCORING_COUNTERFACTUAL_ORACLE_H_
