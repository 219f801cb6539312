// Events of a CSV file.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/csv_reader.h"
#include "client/event_stream.h"

namespace assent::client {
namespace {

class CsvEvents final : public EventStream {
 public:
  CsvEvents(EventStreamOptions options, std::unique_ptr<CsvReader> reader)
      : EventStream(std::move(options)), reader_(std::move(reader)) {}

  double read_share() const override { return reader_->read_share(); }

  absl::Status FindColumns() {
    if (absl::Status status = ParseOptions(); !status.ok()) return status;
    const struct {
      const char* flag;
      const std::string& name;
      bool wanted;
      int& index;
    } columns[] = {{"--subject-column", options_.subject_column, true, subject_},
                   {"--time-column", options_.time_column, true, time_},
                   {"--type-column (or --type for all)", options_.type_column, options_.type.empty(), type_},
                   {"--event-id-column", options_.event_id_column, !options_.event_id_column.empty(), event_id_}};
    for (const auto& column : columns) {
      if (!column.wanted) continue;
      auto index = reader_->Column(column.name);
      if (!index.ok()) {
        return absl::Status(index.status().code(),
                            absl::StrCat(index.status().message(), "; name the right one with ", column.flag));
      }
      column.index = static_cast<int>(*index);
    }
    if (options_.event_id_column.empty() && options_.event_id_from.empty()) {
      if (auto index = reader_->Column("event_id"); index.ok()) event_id_ = static_cast<int>(*index);
    }
    for (const std::string& name : options_.event_id_from) {
      auto index = reader_->Column(name);
      if (!index.ok()) return index.status();
      event_id_from_.push_back(*index);
    }
    return FindAttributes();
  }

 private:
  absl::Status FindAttributes() {
    if (options_.attributes.empty()) {
      for (size_t i = 0; i < reader_->header().size(); ++i) {
        const auto at = static_cast<int>(i);
        if (at != subject_ && at != time_ && at != type_ && at != event_id_) {
          attributes_.push_back({reader_->header()[i], ""});
          if (reader_->ColumnText(i) != absl::StrCat("column ", i + 1)) AddName(reader_->header()[i]);
        }
      }
    }
    for (const Attribute& attribute : attributes_) {
      auto index = reader_->Column(attribute.name);
      if (!index.ok()) return index.status();
      columns_.push_back(*index);
    }
    return absl::OkStatus();
  }

  std::string EventId() const {
    if (event_id_ >= 0) return row_.cells[static_cast<size_t>(event_id_)];
    std::vector<std::string> parts;
    for (const size_t column : event_id_from_) parts.push_back(row_.cells[column]);
    if (parts.empty()) {
      parts = {absl::StrCat(row_.line), row_.cells[static_cast<size_t>(subject_)],
               row_.cells[static_cast<size_t>(time_)]};
    }
    return DerivedEventId(parts);
  }

  absl::Status FillAttributes(RecordedEvent& event) const {
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = row_.cells[columns_[i]];
      if (attributes_[i].kind == "text" ? cell.empty() : IsMissingCell(cell)) continue;
      auto value = ValueOfCell(cell, attributes_[i].kind);
      if (!value.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(reader_->ColumnText(columns_[i]), ": ", value.status().message()));
      }
      event.attributes.push_back({attributes_[i].name, *std::move(value)});
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Read(RecordedEvent& event, absl::Status& bad) override {
    auto more = reader_->NextOfAnyWidth(row_);
    if (!more.ok() || !*more) return more;
    event.line = row_.line;
    if (row_.cells.size() != reader_->header().size()) {
      bad = absl::InvalidArgumentError(
          absl::StrCat(row_.cells.size(), " cells, but the header has ", reader_->header().size(), " columns"));
      return true;
    }
    event.subject = row_.cells[static_cast<size_t>(subject_)];
    if (IsMissingCell(event.subject)) return true;  // left out: the rest does not matter
    event.type = type_ >= 0 ? row_.cells[static_cast<size_t>(type_)] : options_.type;
    event.event_id = EventId();
    auto time = ParseEventTime(row_.cells[static_cast<size_t>(time_)], options_.time_unit, options_.time_zone);
    if (!time.ok()) {
      bad = absl::InvalidArgumentError(
          absl::StrCat(reader_->ColumnText(static_cast<size_t>(time_)), ": ", time.status().message()));
      return true;
    }
    event.time_us = *time;
    bad = FillAttributes(event);
    return true;
  }

  std::unique_ptr<CsvReader> reader_;
  int subject_ = -1, time_ = -1, type_ = -1, event_id_ = -1;
  std::vector<size_t> event_id_from_;
  std::vector<size_t> columns_;  // one an attribute
  CsvRow row_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventStream>> OpenCsvEvents(EventStreamOptions options) {
  auto reader = CsvReader::Open(options.path);
  if (!reader.ok()) return reader.status();
  auto events = std::make_unique<CsvEvents>(std::move(options), *std::move(reader));
  if (absl::Status status = events->FindColumns(); !status.ok()) return status;
  return events;
}

}  // namespace assent::client
