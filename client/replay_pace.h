// The pace of a recording.
#ifndef ASSENT_CLIENT_REPLAY_PACE_H_
#define ASSENT_CLIENT_REPLAY_PACE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assent::client {

// Time, as a replay sees it. Tests put their own.
struct ReplayClock {
  std::function<absl::Time()> now = [] { return absl::Now(); };
  std::function<void(absl::Duration)> sleep = [](absl::Duration time) { absl::SleepFor(time); };
};

// When an event is due: as long after the first as the recording was then, at `speed`. The recording's time is that of
// the newest event so far: one that is out of order is due at once, and not late. Threads: one at a time.
class ReplayPace {
 public:
  // `speed` 0: everything is due at once. Ownership: borrows `clock`.
  ReplayPace(double speed, const ReplayClock& clock) : speed_(speed), clock_(clock) {}

  // Waits until the event is due, or `ended` says that there is no point, which is asked at least every kSlice. Returns
  // when it was due; InfiniteFuture where there is no pace.
  absl::Time Await(int64_t time_us, const std::function<bool()>& ended) {
    if (speed_ <= 0) return absl::InfiniteFuture();
    if (!start_.has_value()) {
      start_ = clock_.now();
      first_us_ = newest_us_ = time_us;
    }
    newest_us_ = std::max(newest_us_, time_us);
    const absl::Time due = *start_ + absl::Microseconds(newest_us_ - first_us_) / speed_;
    for (absl::Time now = clock_.now(); now < due && !ended(); now = clock_.now()) {
      clock_.sleep(std::min(due - now, kSlice));
    }
    return due;
  }

 private:
  static constexpr absl::Duration kSlice = absl::Milliseconds(200);

  const double speed_;
  const ReplayClock& clock_;
  std::optional<absl::Time> start_;
  int64_t first_us_ = 0, newest_us_ = 0;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REPLAY_PACE_H_
