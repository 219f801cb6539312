#include "client/bar_chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace assent::client {
namespace {

constexpr size_t kLabelColumnsMax = 26;
constexpr size_t kValueColumnsMax = 14;
constexpr size_t kAmountColumns = 8;
constexpr size_t kHalfColumnsMin = 8;
constexpr size_t kHalfColumnsMax = 22;

template <typename Field>
size_t Widest(const std::vector<Bar>& bars, const std::string& title, size_t limit, Field field) {
  size_t width = DisplayWidth(title);
  for (const Bar& bar : bars) width = std::max(width, DisplayWidth(bar.*field));
  return std::min(width, limit);
}

std::string Repeat(absl::string_view piece, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&text, piece);
  return text;
}

std::string Blocks(size_t half_steps, bool left) {
  if (half_steps == 0) return "·";
  std::string full = Repeat("█", half_steps / 2);
  if (half_steps % 2 == 0) return full;
  return left ? absl::StrCat("▐", full) : absl::StrCat(full, "▌");
}

// Digits after the point that show three digits of the largest amount.
int Decimals(double largest) {
  if (!(largest > 0)) return 0;
  return std::clamp(2 - static_cast<int>(std::floor(std::log10(largest))), 0, 6);
}

std::string Signed(double amount, int decimals) {
  const std::string digits = absl::StrFormat("%.*f", decimals, std::fabs(amount));
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  return absl::StrCat(zero ? "" : amount < 0 ? "−" : "+", digits);
}

}  // namespace

std::vector<std::string> DrawBarChart(const std::vector<Bar>& bars, const BarChartText& text,
                                      const Terminal& terminal) {
  const size_t labels = Widest(bars, text.label_title, kLabelColumnsMax, &Bar::label);
  const size_t values = Widest(bars, text.value_title, kValueColumnsMax, &Bar::value);
  const size_t typicals = Widest(bars, text.typical_title, kValueColumnsMax, &Bar::typical);
  const size_t fixed = 2 + labels + 2 + values + 2 + typicals + 2 + 1 + 1 + kAmountColumns;
  const size_t room = terminal.columns > fixed ? (terminal.columns - fixed) / 2 : 0;
  const size_t half = std::clamp(room, kHalfColumnsMin, kHalfColumnsMax);
  double largest = 0;
  for (const Bar& bar : bars) largest = std::max(largest, std::fabs(bar.amount));

  std::vector<std::string> lines;
  lines.push_back(terminal.Paint(
      Style::kDim, absl::StrCat("  ", PadRight(text.label_title, labels), "  ", PadLeft(text.value_title, values), "  ",
                                PadLeft(text.typical_title, typicals), "  ", PadLeft(text.left_title, half), "│",
                                PadRight(text.right_title, half))));
  for (const Bar& bar : bars) {
    const double share = largest > 0 ? std::fabs(bar.amount) / largest : 0;
    const auto steps = static_cast<size_t>(std::lround(share * static_cast<double>(2 * half)));
    const bool left = bar.amount < 0;
    const std::string blocks = Blocks(steps, left);
    const std::string blank(half, ' ');
    const std::string left_half = left ? std::string(half - DisplayWidth(blocks), ' ') + blocks : blank;
    const std::string right_half = left ? blank : PadRight(blocks, half);
    lines.push_back(absl::StrCat("  ", PadRight(bar.label, labels), "  ", PadLeft(bar.value, values), "  ",
                                 terminal.Paint(Style::kDim, PadLeft(bar.typical, typicals)), "  ",
                                 terminal.Paint(Style::kWarn, left_half), "│", terminal.Paint(Style::kGood, right_half),
                                 " ", PadLeft(Signed(bar.amount, Decimals(largest)), kAmountColumns)));
  }
  return lines;
}

}  // namespace assent::client
