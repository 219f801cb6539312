// Events in a CSV file: one row a person, a column with the id, the others features.
#ifndef ASSENT_CLIENT_EVENT_FILE_H_
#define ASSENT_CLIENT_EVENT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "assent/v1/assignment_service.pb.h"
#include "client/csv_reader.h"
#include "client/request_flags.h"
#include "scoring/feature_schema.h"

namespace assent::client {

struct EventFileFlags {
  std::string path;
  std::string subject_column = "subject_id";  // with no such column and `number_rows`, the row number is the id
  std::string name_space = "login";
  bool number_rows = false;
  std::vector<std::string> features;  // columns; empty: those of the model, or all but the subject's
};

// Adds --input, --subject-column, --namespace, --number-rows and --features.
void AddEventFileFlags(CLI::App& command, EventFileFlags& flags);

// Shape: values and missing are [features].
struct EventRow {
  uint64_t row = 0;   // from 1
  uint64_t line = 0;  // in the file
  std::string subject_id;
  std::vector<float> values;
  std::vector<uint8_t> missing;
  std::string error;  // of a row whose cells make no sense: the line, the column, and why; else empty
};

// Threads: one at a time.
class EventFile {
 public:
  // With `schema`, the features are its own, in its order. Errors: those of CsvReader; NotFound for a column.
  static absl::StatusOr<std::unique_ptr<EventFile>> Open(const EventFileFlags& flags,
                                                         const scoring::FeatureSchema* schema);
  const std::vector<std::string>& feature_names() const { return names_; }
  double read_share() const { return reader_->read_share(); }

  // False at the end. A cell that is no number is an error of its row alone. Errors: those of CsvReader::Next.
  absl::StatusOr<bool> Next(EventRow& row);

 private:
  EventFile() = default;
  std::unique_ptr<CsvReader> reader_;
  bool number_rows_ = false;
  size_t subject_column_ = 0;
  std::vector<std::string> names_;  // feature names
  std::vector<size_t> columns_;
  CsvRow cells_;
  uint64_t rows_ = 0;
};

// The row with this number, from 1. Errors: those of Open and Next; InvalidArgument for a cell that is no
// number, and beyond the last row.
absl::StatusOr<EventRow> ReadEventRow(EventFile& file, uint64_t number);

// Puts subject and present features into `request`, by name.
void FillNamed(const std::vector<std::string>& names, const EventRow& row, const std::string& name_space,
               v1::AssignRequest& request);

// The one request that the flags describe: a row of the file where there is one, else the event. Errors: those of
// MakeAssignRequest, Open and ReadEventRow.
absl::StatusOr<v1::AssignRequest> ReadOneRequest(const EventFlags& event, const EventFileFlags& file, uint64_t row);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_EVENT_FILE_H_
