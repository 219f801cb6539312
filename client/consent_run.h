// The same consent change for many subjects, several at a time: the server syncs them in groups.
#ifndef ASSENT_CLIENT_CONSENT_RUN_H_
#define ASSENT_CLIENT_CONSENT_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/bad_rows.h"

namespace assent::client {

inline constexpr size_t kParallelMax = 64;

// What came of it.
struct ConsentRun {
  uint64_t done = 0;  // ids that succeeded
  BadRows bad_rows;   // those that the server calls invalid; the others go on
};

// Calls `change` once for each id, `parallel` at a time, each thread taking the next id that is left. InvalidArgument
// is the fault of its row (the id's place in `ids`, from 1); any other error stops the run, calls in flight are
// finished, and the first is returned. `progress` (called from the calling thread only; may be empty) sees what
// succeeded.
absl::Status ForEachSubject(const std::vector<std::string>& ids, size_t parallel,
                            const std::function<absl::Status(const std::string&)>& change,
                            const std::function<void(uint64_t)>& progress, ConsentRun& result);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_RUN_H_
