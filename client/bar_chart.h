// Bars around an axis, for a terminal.
#ifndef ASSENT_CLIENT_BAR_CHART_H_
#define ASSENT_CLIENT_BAR_CHART_H_

#include <string>
#include <vector>

#include "client/terminal.h"

namespace assent::client {

struct Bar {
  std::string label;
  std::string value;    // shown before the bar, such as "142 min"
  std::string typical;  // shown beside it, such as "61 min"
  double amount = 0;    // length and side of the bar
};

struct BarChartText {
  std::string label_title, value_title, typical_title;
  std::string left_title, right_title;  // what the two sides of the axis mean
};

// One line a bar, in the given order, under a line of titles; all bars share one scale. Lines fit `terminal.columns`.
// Bars are drawn with "█" and half blocks, so they are exact to half a column; an amount too small for that is "·".
std::vector<std::string> DrawBarChart(const std::vector<Bar>& bars, const BarChartText& text, const Terminal& terminal);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_BAR_CHART_H_
