// What a model is trained on: a table of features, or events from which the features are computed.
#ifndef ASSENT_CLIENT_TRAIN_INPUT_H_
#define ASSENT_CLIENT_TRAIN_INPUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "assent/internal/v1/model_file.pb.h"
#include "client/bad_rows.h"
#include "client/command_line.h"
#include "client/event_stream_flags.h"
#include "client/feature_replay.h"
#include "client/training_table.h"

namespace assent::client {

struct TrainInputFlags {
  std::string table;  // a CSV file of features, unless events are given
  EventStreamFlags events;
  std::string as_of;
  std::string schema_file;
  std::vector<std::string> features, log1p;
};

struct TrainInput {
  TrainingTable table;
  internal::v1::FeatureSchema schema;  // scale 0 is still to be fitted
  std::optional<ReplayCounts> events;
  int64_t as_of_us = 0;  // of the features, where they come from events
  BadRows bad_events;
};

// Adds the flags above.
void AddTrainInputFlags(CLI::App& command, TrainInputFlags& flags);
// Reads it, with a progress bar. Errors: InvalidArgument for flags that contradict each other; those of the readers.
absl::StatusOr<TrainInput> ReadTrainInput(const TrainInputFlags& flags, CommandLine& line);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TRAIN_INPUT_H_
