#include "client/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace assent::client {
namespace {

absl::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? absl::string_view() : absl::string_view(value);
}

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The longest prefix of `text` that takes at most `width` columns.
absl::string_view Prefix(absl::string_view text, size_t width) {
  size_t bytes = 0;
  for (size_t shown = 0; bytes < text.size() && shown < width; ++shown) {
    ++bytes;
    while (bytes < text.size() && IsContinuation(text[bytes])) ++bytes;
  }
  return text.substr(0, bytes);
}

std::string Fit(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  return width == 0 ? std::string() : absl::StrCat(Prefix(text, width - 1), "…");
}

}  // namespace

Terminal Terminal::Of(int fd) {
  Terminal terminal;
  const bool tty = isatty(fd) == 1;
  terminal.colour = Environment("ASSENT_COLOR") == "always" ||
                    (tty && Environment("NO_COLOR").empty() && Environment("TERM") != "dumb");
  winsize size = {};
  if (tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.columns = std::clamp<size_t>(size.ws_col, 60, 120);
  }
  return terminal;
}

std::string Terminal::Paint(Style style, absl::string_view text) const {
  if (!colour || style == Style::kPlain) return std::string(text);
  const char* code = "";
  switch (style) {
    case Style::kPlain:
      break;
    case Style::kBold:
      code = "1";
      break;
    case Style::kDim:
      code = "2";
      break;
    case Style::kGood:
      code = "32";
      break;
    case Style::kBad:
      code = "31";
      break;
    case Style::kWarn:
      code = "33";
      break;
    case Style::kAccent:
      code = "36";
      break;
  }
  return absl::StrCat("\x1b[", code, "m", text, "\x1b[0m");
}

size_t DisplayWidth(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string PadRight(absl::string_view text, size_t width) {
  std::string fitted = Fit(text, width);
  fitted.append(width - DisplayWidth(fitted), ' ');
  return fitted;
}

std::string PadLeft(absl::string_view text, size_t width) {
  const std::string fitted = Fit(text, width);
  return absl::StrCat(std::string(width - DisplayWidth(fitted), ' '), fitted);
}

std::string HumanCount(uint64_t count) {
  const std::string digits = absl::StrCat(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string HumanNumber(double value, int digits) {
  if (!std::isfinite(value)) return absl::StrCat(value);
  const double size = std::fabs(value);
  if (value < 0) {
    const std::string text = HumanNumber(size, digits);
    return text == "0" ? text : absl::StrCat("−", text);  // the minus sign of the bar charts, U+2212
  }
  if (size >= 1e12 || (size > 0 && size < 1e-4)) return absl::StrFormat("%.*e", digits - 1, value);
  if (size >= 1000) return HumanCount(static_cast<uint64_t>(std::llround(size)));
  const int leading = size < 1 ? 1 : static_cast<int>(std::floor(std::log10(size))) + 1;
  std::string text = absl::StrFormat("%.*f", std::max(0, digits - leading), value);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string HumanShare(double share) {
  if (share < 0.005 && share > 0) return "<1 %";
  if (share > 0.995 && share < 1) return ">99 %";
  return absl::StrFormat("%.0f %%", 100 * share);
}

}  // namespace assent::client
