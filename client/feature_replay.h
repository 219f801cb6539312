// Features out of recorded events, by the arithmetic that the server uses.
#ifndef ASSENT_CLIENT_FEATURE_REPLAY_H_
#define ASSENT_CLIENT_FEATURE_REPLAY_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "assent/internal/v1/model_file.pb.h"
#include "client/event_stream.h"
#include "client/recorded_event.h"
#include "client/training_table.h"
#include "scoring/profile.h"

namespace assent::client {

// One profile a subject, fed event by event.
// Memory: for each subject the state (ProfileLayout::state_bytes(), fixed by the schema), its id, and at most 100 bytes
// of table; nothing of the events. Threads: one at a time.
class FeatureReplay {
 public:
  // What became of an event.
  enum class Outcome { kFolded, kRepeated, kIrrelevant, kUnknownType };

  // `schema` may be unfitted (scale 0). Errors: InvalidArgument: of the schema, or it has no aggregate.
  static absl::StatusOr<FeatureReplay> Create(const internal::v1::FeatureSchema& schema);

  // Folds an event whose `error` is empty. Errors: InvalidArgument that names the attribute with a value of the wrong
  // kind; nothing is folded.
  absl::StatusOr<Outcome> Fold(const RecordedEvent& event);

  // Names of the features that are scored, in order; direct ones, which no event has, are missing in every row.
  const std::vector<std::string>& names() const { return names_; }
  // Subjects in the order in which they came.
  size_t subjects() const { return subjects_.size(); }
  const std::string& subject(size_t index) const { return subjects_[index]; }
  // The number of a subject that an event was folded for. The subject must be known.
  size_t Find(absl::string_view subject) const { return numbers_.at(subject); }
  // Time of the subject's newest event, in microseconds since 1970.
  int64_t LastEventUs(size_t index) const;
  // The raw values at `now_us`, as ProfileLayout::Read gives them. Shape: both [names().size()].
  void Read(size_t index, int64_t now_us, std::span<float> values, std::span<uint8_t> missing) const;

  size_t state_bytes() const { return layout_.state_bytes(); }

 private:
  FeatureReplay(scoring::ProfileLayout layout, std::vector<std::string> names);
  std::span<uint8_t> State(size_t index) const;
  size_t Number(const std::string& subject);

  scoring::ProfileLayout layout_;
  std::vector<std::string> names_;
  std::deque<std::string> subjects_;
  absl::flat_hash_map<absl::string_view, size_t> numbers_;  // views into subjects_
  std::vector<std::unique_ptr<uint64_t[]>> slabs_;
  std::vector<scoring::AttributeValue> attributes_;
};

// What was found in a file of events.
struct ReplayCounts {
  uint64_t rows = 0, folded = 0, repeated = 0, irrelevant = 0, unknown_type = 0, without_subject = 0, after_as_of = 0;
  int64_t newest_us = 0;  // of the events that were folded; 0 where none was
};

struct ReplayOptions {
  absl::Time now = absl::Now();                                       // events after it and kEventSkew are bad rows
  std::optional<int64_t> as_of_us = {};                               // events after it are left out
  std::function<void(double share)> progress = {};                    // may be empty
  std::function<void(uint64_t row, absl::string_view)> bad_row = {};  // told of each row that makes no sense
  std::function<void(const RecordedEvent&)> folded = {};  // told of each event after it was folded; may be empty
};

// Folds all events of a file into `replay`. Errors: of EventStream.
absl::StatusOr<ReplayCounts> ReplayFile(const EventStreamOptions& events, const ReplayOptions& options,
                                        FeatureReplay& replay);

// The features of every subject at `now_us`, as a table to train on; sha256 is left empty.
// Errors: InvalidArgument when there is no subject, or too many cells.
absl::StatusOr<TrainingTable> TableOf(const FeatureReplay& replay, int64_t now_us);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_FEATURE_REPLAY_H_
