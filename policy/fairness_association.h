// How much one variable says about another.
#ifndef ASSENT_POLICY_FAIRNESS_ASSOCIATION_H_
#define ASSENT_POLICY_FAIRNESS_ASSOCIATION_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace assent::policy {

// Functions here are pure. Threads: safe. Cost: linear in the counts, no allocation unless it is said.
//
// A contingency table counts what two variables are together. Shape: `counts` is [rows x columns], row-major; its size
// is a multiple of `columns`. Rows and columns of zeros are as if they were not there.

// Half the sum of |p - q| over the shares of two lists of counts: the share that would have to move for the two to be
// alike. 0: alike; 1: nothing in common; 0 where either counts nothing. Shape: the two have the same length.
double TotalVariation(std::span<const uint64_t> counts, std::span<const uint64_t> others);

// Cramer's V without its bias: 0 for independent variables on average, whatever the size of the table; 1 where one
// decides the other. 0 where a variable has one value only. Allocates.
// Source: W. Bergsma, Journal of the Korean Statistical Society 42 (2013), 323-328.
double CramersV(std::span<const uint64_t> counts, size_t columns);

// The sum of p(x, y) ln (p(x, y) / (p(x) p(y))). Unit: nats. 0: independent; 2 N times it is the G statistic.
// Allocates.
double MutualInformation(std::span<const uint64_t> counts, size_t columns);

// A group's values: how many, and their sum.
struct GroupSum {
  uint64_t count = 0;
  double sum = 0;
};

// The correlation ratio, eta squared: the share of a number's variance that lies between the groups. `variation` is the
// sum of the squared distances of all values from their mean, and the values are best centred on it first. 0 to 1; 0
// where nothing varies.
double CorrelationRatio(std::span<const GroupSum> groups, double variation);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_ASSOCIATION_H_
