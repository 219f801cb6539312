// What the terminal behind a stream can show: colours, width.
#ifndef ASSENT_CLIENT_TERMINAL_H_
#define ASSENT_CLIENT_TERMINAL_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace assent::client {

enum class Style { kPlain, kBold, kDim, kGood, kBad, kWarn, kAccent };

// Threads: safe; immutable.
struct Terminal {
  bool colour = false;
  size_t columns = 100;

  // Looks at file descriptor `fd` (1 or 2). Colour needs a terminal, no NO_COLOR in the environment and a TERM that is
  // not "dumb"; ASSENT_COLOR=always forces it.
  // Source: https://no-color.org
  static Terminal Of(int fd);

  // `text` in `style`, or unchanged without colour.
  std::string Paint(Style style, absl::string_view text) const;
};

// Columns that `text` takes: code points, as every one of ours is one column wide.
size_t DisplayWidth(absl::string_view text);
// `text` filled with blanks to `width` columns, or cut with "…".
std::string PadRight(absl::string_view text, size_t width);
std::string PadLeft(absl::string_view text, size_t width);
// `value` with at most `digits` significant digits, no exponent for ordinary sizes: "0.31", "142", "12,330".
std::string HumanNumber(double value, int digits = 3);
// A share, 0 to 1, as a percentage: "97 %", ">99 %", "<1 %".
std::string HumanShare(double share);
// `count` with thousands separators: "12,330".
std::string HumanCount(uint64_t count);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TERMINAL_H_
