// Recorded events of a file, one after the other: CSV or newline-delimited JSON, plain, gzip or zstd.
#ifndef ASSENT_CLIENT_EVENT_STREAM_H_
#define ASSENT_CLIENT_EVENT_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/event_time.h"
#include "client/recorded_event.h"

namespace assent::client {

enum class EventFormat { kByContent, kCsv, kJsonLines };

// Where an event's parts lie. A column is one of the CSV file, or a key of the JSON object.
struct EventStreamOptions {
  std::string path;
  EventFormat format = EventFormat::kByContent;  // a first line that begins with '{' is JSON
  std::string subject_column = "subject";
  std::string time_column = "time";
  std::string type_column = "type";
  std::string type;                        // of every event; then type_column is not read
  std::string event_id_column;             // empty: "event_id" where there is such a column, else the id is derived
  std::vector<std::string> event_id_from;  // derive it from these columns, not from the line
  // NAME, NAME:number, NAME:text or NAME:flag. Empty: of a CSV file all other columns, of JSON all in "attributes".
  std::vector<std::string> attributes;
  std::vector<std::string> products;  // "amount=Quantity*UnitPrice": one more attribute, a product of two attributes
  TimeUnit time_unit = TimeUnit::kSeconds;         // of times that are numbers
  absl::TimeZone time_zone = absl::UTCTimeZone();  // of times that name none
};

// Threads: one at a time. Memory: one line of the file at a time.
// A cell without a declared kind is a number where it reads as one, a flag where it is "true" or "false", else a text.
// Empty cells, "NA", "NaN" and "null" are missing, and so are JSON nulls: the event has no such attribute; declared as
// text, only an empty cell is. A product is missing where one of its numbers is. Rows without a subject are left out
// and counted. A derived event id is 16 hexadecimal digits of HashText (scoring/event.h) over the columns of
// event_id_from, or over the line's number, the subject and the time, each as written and followed by the byte 0x1F.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // Errors: NotFound (file, column); InvalidArgument for options that contradict each other, and an empty file.
  static absl::StatusOr<std::unique_ptr<EventStream>> Open(const EventStreamOptions& options);

  // False at the end. A row that makes no sense comes with its `error`; the next ones are read all the same. Errors:
  // the file cannot be read further (DataLoss for damaged gzip or zstd, InvalidArgument for a quote out of place or a
  // line that is too long).
  absl::StatusOr<bool> Next(RecordedEvent& event);

  // Share of the file as it lies on the disk that was read, 0 to 1.
  virtual double read_share() const = 0;
  // Rows that were read, bad ones and those without a subject included.
  uint64_t rows() const { return rows_; }
  uint64_t without_subject() const { return without_subject_; }

 protected:
  // Fills in all but row and error. False at the end. An error in `bad` is one of the row alone.
  virtual absl::StatusOr<bool> Read(RecordedEvent& event, absl::Status& bad) = 0;

  struct Attribute {
    std::string name;
    std::string kind;  // "number", "text", "flag" or empty
  };
  struct Product {
    std::string name, left, right;
  };
  explicit EventStream(EventStreamOptions options) : options_(std::move(options)) {}
  absl::Status ParseOptions();
  // A message may say these names of attributes; without a call, those that the options declare.
  void AddName(std::string attribute) { names_.insert(std::move(attribute)); }

  EventStreamOptions options_;
  std::vector<Attribute> attributes_;

 private:
  void Multiply(RecordedEvent& event) const;

  std::vector<Product> products_;
  absl::flat_hash_set<std::string> names_;
  uint64_t rows_ = 0;
  uint64_t without_subject_ = 0;
};

// For the two formats.
absl::StatusOr<std::unique_ptr<EventStream>> OpenCsvEvents(EventStreamOptions options);
absl::StatusOr<std::unique_ptr<EventStream>> OpenJsonEvents(EventStreamOptions options);
// Whether a cell is missing.
bool IsMissingCell(absl::string_view cell);
// The value of a cell of this kind ("number", "text", "flag", or empty: whatever it looks like).
// Errors: InvalidArgument without the cell.
absl::StatusOr<scoring::FilterScalar> ValueOfCell(absl::string_view cell, absl::string_view kind);
std::string DerivedEventId(const std::vector<std::string>& parts);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_EVENT_STREAM_H_
