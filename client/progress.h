// A progress bar on stderr for work that a person waits for.
#ifndef ASSENT_CLIENT_PROGRESS_H_
#define ASSENT_CLIENT_PROGRESS_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assent::client {

// Shows nothing in the first half second, so that quick work stays silent, and at most ten pictures a second after it.
// Threads: one at a time.
class Progress {
 public:
  // Ownership: borrows `out`. `enabled` false: shows nothing ever.
  Progress(std::ostream& out, bool enabled, std::string label, uint64_t total);
  // Removes the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(uint64_t done) { UpdateAt(done, absl::Now()); }
  // With the present time given, for tests.
  void UpdateAt(uint64_t done, absl::Time now);

 private:
  std::ostream& out_;
  const bool enabled_;
  const std::string label_;
  const uint64_t total_;
  const absl::Time start_;
  absl::Time shown_;
  bool visible_ = false;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_PROGRESS_H_
