#include "client/replay_report.h"

#include <string>
#include <utility>

#include "client/progress.h"

namespace assent::client {

absl::StatusOr<ReplayCounts> ReplayWithProgress(const EventStreamOptions& events, ReplayOptions options,
                                                FeatureReplay& replay, BadRows& bad, CommandLine& line) {
  Progress progress(line.err, line.progress, "reading events", 1000);
  options.progress = [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); };
  options.bad_row = [&](uint64_t row, absl::string_view what) { bad.Add(row, what); };
  return ReplayFile(events, options, replay);
}

nlohmann::ordered_json ToJson(const ReplayCounts& counts, const BadRows& bad) {
  return {{"rows", counts.rows},
          {"folded", counts.folded},
          {"repeated", counts.repeated},
          {"irrelevant", counts.irrelevant},
          {"unknown_type", counts.unknown_type},
          {"without_subject", counts.without_subject},
          {"after_as_of", counts.after_as_of},
          {"failed", bad.count()},
          {"bad_rows", bad.ToJson()}};
}

void PrintCounts(const ReplayCounts& counts, const BadRows& bad, CommandLine& line) {
  line.out << HumanCount(counts.folded) << " of " << HumanCount(counts.rows) << " events folded";
  const std::pair<uint64_t, const char*> rest[] = {{counts.repeated, "repeated"},
                                                   {counts.irrelevant, "of types that no feature reads"},
                                                   {counts.unknown_type, "of unknown types"},
                                                   {counts.without_subject, "without a subject"},
                                                   {counts.after_as_of, "after the time asked for"},
                                                   {bad.count(), "bad rows"}};
  for (const auto& [count, what] : rest) {
    if (count > 0) line.out << ", " << HumanCount(count) << " " << what;
  }
  line.out << "\n";
}

}  // namespace assent::client
