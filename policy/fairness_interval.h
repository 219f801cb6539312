// How sure a rate, a ratio of two rates and a difference of two rates are.
#ifndef ASSENT_POLICY_FAIRNESS_INTERVAL_H_
#define ASSENT_POLICY_FAIRNESS_INTERVAL_H_

#include <cstdint>

namespace assent::policy {

// The members of a group, and those of them who were selected: put into the segment that is looked at.
struct GroupCount {
  uint64_t members = 0;
  uint64_t selected = 0;  // at most `members`

  // 0 in a group without members.
  double rate() const { return members == 0 ? 0 : static_cast<double>(selected) / static_cast<double>(members); }
};

struct Interval {
  double low = 0;
  double high = 0;
};

// The probability that a standard normal number is above `z`. Accurate far out: 1e-300 does not become 0.
double NormalUpperTail(double z);
// The z of a two-sided interval: 1.959964 at 0.95. `confidence` is above 0 and below 1.
double TwoSidedZ(double confidence);

// The functions below are pure. Cost: no allocation. `z` is that of TwoSidedZ.

// The score interval of a rate; 0 to 1 in a group without members. Source: E. B. Wilson, JASA 22 (1927), 209-212.
Interval WilsonInterval(const GroupCount& count, double z);

// ln of the ratio of two rates with its standard error. Where a group has nobody selected, or everybody was in both,
// half a member is added to each of the four cells, so that both numbers are finite.
// Source: D. Katz et al., Biometrics 34 (1978), 469-474; the half: F. J. Anscombe, Biometrika 43 (1956), 461-464.
struct LogRatio {
  double value = 0;
  double standard_error = 0;
};
LogRatio KatzLogRatio(const GroupCount& count, const GroupCount& reference);

// The interval of the ratio rate(count) / rate(reference): exp(value -+ z standard_error).
Interval KatzInterval(const LogRatio& ratio, double z);

// The interval of the difference rate(count) - rate(reference).
// Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10.
Interval NewcombeInterval(const GroupCount& count, const GroupCount& reference, double z);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_INTERVAL_H_
