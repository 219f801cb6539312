// The same consent change for many subjects, several at a time: the server syncs them in groups.
#ifndef ASSENT_CLIENT_CONSENT_RUN_H_
#define ASSENT_CLIENT_CONSENT_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace assent::client {

inline constexpr size_t kParallelMax = 64;

// Calls `change` once for each id, `parallel` at a time, each thread taking the next id that is left. Stops at the
// first error and returns it; calls in flight are finished. `done` counts what succeeded, and `progress` (called from
// the calling thread only; may be empty) sees it.
absl::Status ForEachSubject(const std::vector<std::string>& ids, size_t parallel,
                            const std::function<absl::Status(const std::string&)>& change,
                            const std::function<void(uint64_t)>& progress, uint64_t& done);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_RUN_H_
