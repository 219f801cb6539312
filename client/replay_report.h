// What a person reads about a file of events after it was read.
#ifndef ASSENT_CLIENT_REPLAY_REPORT_H_
#define ASSENT_CLIENT_REPLAY_REPORT_H_

#include "client/bad_rows.h"
#include "client/command_line.h"
#include "client/feature_replay.h"

namespace assent::client {

// Folds the file with a progress bar; bad rows go to `bad`. Errors: those of ReplayFile.
absl::StatusOr<ReplayCounts> ReplayWithProgress(const EventStreamOptions& events, ReplayOptions options,
                                                FeatureReplay& replay, BadRows& bad, CommandLine& line);

nlohmann::ordered_json ToJson(const ReplayCounts& counts, const BadRows& bad);
// A line or two; nothing is said of what did not occur.
void PrintCounts(const ReplayCounts& counts, const BadRows& bad, CommandLine& line);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REPLAY_REPORT_H_
