#include "client/event_file.h"

#include "absl/strings/str_cat.h"
#include "client/training_table.h"

namespace assent::client {

void AddEventFileFlags(CLI::App& command, EventFileFlags& flags) {
  const std::string group = "Events from a file";
  command.add_option("--input", flags.path, "CSV file with a header, plain or .gz")->group(group);
  command.add_option("--subject-column", flags.subject_column, "Column with the subject ids")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--number-rows", flags.number_rows, "No such column: the row number, from 1, is the id")
      ->group(group);
  command.add_option("--namespace", flags.name_space, "Namespace of the ids")->capture_default_str()->group(group);
  command.add_option("--features", flags.features, "Feature columns (default: the model's, or all but the subject's)")
      ->delimiter(',')
      ->group(group);
}

absl::StatusOr<std::unique_ptr<EventFile>> EventFile::Open(const EventFileFlags& flags,
                                                           const scoring::FeatureSchema* schema) {
  auto reader = CsvReader::Open(flags.path);
  if (!reader.ok()) return reader.status();
  std::unique_ptr<EventFile> file(new EventFile());
  file->reader_ = *std::move(reader);
  file->number_rows_ = flags.number_rows;
  if (!flags.number_rows) {
    auto subject = file->reader_->Column(flags.subject_column);
    if (!subject.ok()) {
      return absl::Status(subject.status().code(), absl::StrCat(subject.status().message(),
                                                                "; name the one with the ids with --subject-column, "
                                                                "or give --number-rows"));
    }
    file->subject_column_ = *subject;
  }
  std::vector<std::string> wanted = flags.features;
  if (wanted.empty() && schema != nullptr) {
    for (const uint32_t position : schema->direct()) wanted.push_back(schema->scored(position).name);
  }
  const std::vector<std::string>& header = file->reader_->header();
  if (wanted.empty()) {
    for (size_t i = 0; i < header.size(); ++i) {
      if (flags.number_rows || i != file->subject_column_) wanted.push_back(header[i]);
    }
  }
  for (const std::string& name : wanted) {
    auto column = file->reader_->Column(name);
    if (!column.ok()) return column.status();
    file->columns_.push_back(*column);
    file->names_.push_back(FeatureName(name));
  }
  return file;
}

absl::StatusOr<bool> EventFile::Next(EventRow& row) {
  auto more = reader_->Next(cells_);
  if (!more.ok() || !*more) return more;
  row.row = ++rows_;
  row.line = cells_.line;
  row.subject_id = number_rows_ ? absl::StrCat(rows_) : cells_.cells[subject_column_];
  row.values.resize(columns_.size());
  row.missing.resize(columns_.size());
  row.error.clear();
  for (size_t j = 0; j < columns_.size(); ++j) {
    auto present = ParseCell(cells_.cells[columns_[j]], row.values[j]);
    if (!present.ok()) {
      row.error = absl::StrCat("line ", row.line, ", ", reader_->ColumnText(columns_[j]), ": ",
                               std::string(present.status().message()));
      return true;
    }
    row.missing[j] = *present ? 0 : 1;
  }
  return true;
}

absl::StatusOr<EventRow> ReadEventRow(EventFile& file, uint64_t number) {
  EventRow row;
  do {
    auto more = file.Next(row);
    if (!more.ok()) return more.status();
    if (!*more) {
      return absl::InvalidArgumentError(absl::StrCat("--row ", number, ": the file has only ", row.row, " rows"));
    }
  } while (row.row < number);
  if (!row.error.empty()) return absl::InvalidArgumentError(row.error);
  return row;
}

void FillNamed(const std::vector<std::string>& names, const EventRow& row, const std::string& name_space,
               v1::AssignRequest& request) {
  request.mutable_subject()->set_namespace_(name_space);
  request.mutable_subject()->set_id(row.subject_id);
  auto* named = request.mutable_features()->mutable_named();
  named->clear();
  for (size_t j = 0; j < names.size(); ++j) {
    if (row.missing[j] == 0) (*named)[names[j]] = row.values[j];
  }
}

absl::StatusOr<v1::AssignRequest> ReadOneRequest(const EventFlags& event, const EventFileFlags& file, uint64_t row) {
  if (file.path.empty()) return MakeAssignRequest(event);
  auto request = MakeRequestFrame(event);
  if (!request.ok()) return request.status();
  auto events = EventFile::Open(file, nullptr);
  if (!events.ok()) return events.status();
  auto found = ReadEventRow(**events, row);
  if (!found.ok()) return found.status();
  FillNamed((*events)->feature_names(), *found, file.name_space, *request);
  return request;
}

}  // namespace assent::client
