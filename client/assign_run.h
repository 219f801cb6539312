// Assigns the events of a file: in columnar batches when the model is known, by name in a stream when it is not.
#ifndef ASSENT_CLIENT_ASSIGN_RUN_H_
#define ASSENT_CLIENT_ASSIGN_RUN_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/assign_report.h"
#include "client/assignment_client.h"
#include "client/event_file.h"

namespace assent::client {

inline constexpr size_t kStreamWindow = 4096;  // events written and not yet answered

struct AssignRunOptions {
  v1::AssignRequest frame;  // purpose, context, signals, token: the same for every row
  std::string name_space;
  size_t batch_rows = 1024;
  absl::Duration deadline;                     // of a batch; of the whole stream times the windows it takes
  std::function<void(double share)> progress;  // may be empty
};

// Adds one row to `report` for every event of `file`, in order. Errors: of the file, and of calls; what was answered by
// then is in the report. A bad row fails alone.
absl::Status AssignInBatches(const AssignmentClient& client, EventFile& file, const AssignRunOptions& options,
                             AssignReport& report);
absl::Status AssignInStream(const AssignmentClient& client, EventFile& file, const AssignRunOptions& options,
                            AssignReport& report);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_ASSIGN_RUN_H_
