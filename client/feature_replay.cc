#include "client/feature_replay.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "scoring/event.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

constexpr size_t kStatesPerSlab = 1024;
constexpr uint64_t kRowsPerProgress = 4096;

scoring::AttributeValue ValueOf(scoring::NameNumber attribute, const scoring::FilterScalar& scalar) {
  scoring::AttributeValue value{.attribute = attribute};
  if (const double* number = std::get_if<double>(&scalar)) {
    value.number = *number;
  } else if (const bool* flag = std::get_if<bool>(&scalar)) {
    value.kind = scoring::ValueKind::kFlag;
    value.number = *flag ? 1 : 0;
  } else {
    value.kind = scoring::ValueKind::kText;
    value.text_hash = scoring::HashText(*std::get_if<std::string>(&scalar));
  }
  return value;
}

}  // namespace

FeatureReplay::FeatureReplay(scoring::ProfileLayout layout, std::vector<std::string> names)
    : layout_(std::move(layout)), names_(std::move(names)) {}

absl::StatusOr<FeatureReplay> FeatureReplay::Create(const internal::v1::FeatureSchema& message) {
  auto schema = storage::SchemaFromMessage(message, /*allow_unfitted=*/true);
  if (!schema.ok()) return schema.status();
  if (schema->all_direct()) {
    return absl::InvalidArgumentError("the schema has no aggregate, so that events say nothing about its features");
  }
  auto layout = scoring::ProfileLayout::Create(*schema);
  if (!layout.ok()) return layout.status();
  std::vector<std::string> names;
  for (size_t position = 0; position < schema->scored_size(); ++position) {
    names.push_back(schema->scored(position).name);
  }
  return FeatureReplay(*std::move(layout), std::move(names));
}

std::span<uint8_t> FeatureReplay::State(size_t index) const {
  const size_t words = layout_.state_bytes() / sizeof(uint64_t);
  uint64_t* begin = slabs_[index / kStatesPerSlab].get() + index % kStatesPerSlab * words;
  return {reinterpret_cast<uint8_t*>(begin), layout_.state_bytes()};
}

size_t FeatureReplay::Number(const std::string& subject) {
  if (const auto found = numbers_.find(subject); found != numbers_.end()) return found->second;
  const size_t index = subjects_.size();
  subjects_.push_back(subject);
  numbers_.emplace(subjects_.back(), index);
  if (index % kStatesPerSlab == 0) {
    slabs_.push_back(std::make_unique<uint64_t[]>(kStatesPerSlab * layout_.state_bytes() / sizeof(uint64_t)));
  }
  return index;
}

absl::StatusOr<FeatureReplay::Outcome> FeatureReplay::Fold(const RecordedEvent& recorded) {
  scoring::Event event;
  event.type = layout_.EventType(recorded.type);
  event.time_us = recorded.time_us;
  event.id_hash = scoring::HashText(recorded.event_id);
  attributes_.clear();
  for (const RecordedAttribute& attribute : recorded.attributes) {
    const scoring::NameNumber number = layout_.Attribute(attribute.name);
    if (number != scoring::kUnknownName) attributes_.push_back(ValueOf(number, attribute.value));
  }
  event.attributes = attributes_;
  if (absl::Status status = layout_.Check(event); !status.ok()) return status;
  const size_t index = Number(recorded.subject);
  switch (layout_.Fold(event, State(index))) {
    case scoring::FoldResult::kFolded:
      return Outcome::kFolded;
    case scoring::FoldResult::kRepeated:
      return Outcome::kRepeated;
    case scoring::FoldResult::kIrrelevant:
      break;
  }
  return event.type == scoring::kUnknownName ? Outcome::kUnknownType : Outcome::kIrrelevant;
}

int64_t FeatureReplay::LastEventUs(size_t index) const { return scoring::ProfileLayout::LastEventUs(State(index)); }

void FeatureReplay::Read(size_t index, int64_t now_us, std::span<float> values, std::span<uint8_t> missing) const {
  std::fill(values.begin(), values.end(), 0.0f);
  std::fill(missing.begin(), missing.end(), uint8_t{1});  // what stays so is direct
  layout_.Read(State(index), now_us, values, missing);
}

namespace {

void Count(FeatureReplay::Outcome outcome, int64_t time_us, ReplayCounts& counts) {
  switch (outcome) {
    case FeatureReplay::Outcome::kFolded:
      ++counts.folded;
      counts.newest_us = std::max(counts.newest_us, time_us);
      break;
    case FeatureReplay::Outcome::kRepeated:
      ++counts.repeated;
      break;
    case FeatureReplay::Outcome::kIrrelevant:
      ++counts.irrelevant;
      break;
    case FeatureReplay::Outcome::kUnknownType:
      ++counts.unknown_type;
      break;
  }
}

// Folds one event, or counts why it was left out. Errors: of its row alone.
absl::Status Take(const RecordedEvent& event, const ReplayOptions& options, FeatureReplay& replay,
                  ReplayCounts& counts) {
  if (!event.error.empty()) return absl::InvalidArgumentError(event.error);
  if (absl::FromUnixMicros(event.time_us) > options.now + kEventSkew) {
    return absl::InvalidArgumentError(FutureText(event.line));
  }
  if (options.as_of_us.has_value() && event.time_us > *options.as_of_us) {
    ++counts.after_as_of;
    return absl::OkStatus();
  }
  auto outcome = replay.Fold(event);
  if (!outcome.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("line ", event.line, ", ", outcome.status().message()));
  }
  Count(*outcome, event.time_us, counts);
  if (options.folded && *outcome == FeatureReplay::Outcome::kFolded) options.folded(event);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReplayCounts> ReplayFile(const EventStreamOptions& events, const ReplayOptions& options,
                                        FeatureReplay& replay) {
  auto stream = EventStream::Open(events);
  if (!stream.ok()) return stream.status();
  ReplayCounts counts;
  RecordedEvent event;
  while (true) {
    auto more = (*stream)->Next(event);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (options.progress && event.row % kRowsPerProgress == 0) options.progress((*stream)->read_share());
    const absl::Status taken = Take(event, options, replay, counts);
    if (!taken.ok() && options.bad_row) options.bad_row(event.row, taken.message());
  }
  counts.rows = (*stream)->rows();
  counts.without_subject = (*stream)->without_subject();
  return counts;
}

absl::StatusOr<TrainingTable> TableOf(const FeatureReplay& replay, int64_t now_us) {
  if (replay.subjects() == 0) return absl::InvalidArgumentError("no event of anybody was found in the file");
  const size_t width = replay.names().size();
  if (replay.subjects() > kTrainingCellsMax / width) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than ", kTrainingCellsMax, " subjects times features; train on a sample"));
  }
  TrainingTable table;
  table.columns = replay.names();
  table.rows = replay.subjects();
  table.row_noun = "subject";
  table.values.resize(table.rows * width);
  table.missing.resize(table.rows * width);
  for (size_t row = 0; row < table.rows; ++row) {
    replay.Read(row, now_us, std::span(table.values).subspan(row * width, width),
                std::span(table.missing).subspan(row * width, width));
  }
  for (size_t at = 0; at < table.values.size(); ++at) {
    if (table.missing[at] == 0) continue;
    table.values[at] = 0;
    ++table.missing_cells;
  }
  return table;
}

}  // namespace assent::client
