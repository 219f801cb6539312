#include "client/progress.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/terminal.h"

namespace assent::client {
namespace {

constexpr uint64_t kBarColumns = 28;
constexpr absl::Duration kSilence = absl::Milliseconds(500);
constexpr absl::Duration kInterval = absl::Milliseconds(100);

}  // namespace

Progress::Progress(std::ostream& out, bool enabled, std::string label, uint64_t total)
    : out_(out),
      enabled_(enabled),
      label_(std::move(label)),
      total_(std::max<uint64_t>(total, 1)),
      start_(absl::Now()),
      shown_(start_) {}

Progress::~Progress() {
  if (visible_) out_ << "\r\x1b[K" << std::flush;
}

void Progress::UpdateAt(uint64_t done, absl::Time now) {
  if (!enabled_ || now - start_ < kSilence || (visible_ && now - shown_ < kInterval)) return;
  shown_ = now;
  visible_ = true;
  done = std::min(done, total_);
  const uint64_t filled = done * kBarColumns / total_;
  std::string bar;
  for (uint64_t column = 0; column < kBarColumns; ++column) absl::StrAppend(&bar, column < filled ? "━" : "─");
  std::string left;
  if (done > 0) {
    const absl::Duration rest = (now - start_) * (static_cast<double>(total_ - done) / static_cast<double>(done));
    left = absl::StrFormat("  %.0f s left", absl::ToDoubleSeconds(rest));
  }
  out_ << "\r\x1b[K" << PadRight(label_, 24) << ' ' << bar << absl::StrFormat(" %3d %%", done * 100 / total_) << left
       << std::flush;
}

}  // namespace assent::client
