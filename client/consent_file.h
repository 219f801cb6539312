// A file of consents, read and written line by line: CSV with a header, or one JSON object a line with the same names.
#ifndef ASSENT_CLIENT_CONSENT_FILE_H_
#define ASSENT_CLIENT_CONSENT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/consent_line.h"

namespace assent::client {

enum class ConsentFormat { kCsv, kJsonLines };

// "csv" or "jsonl"; empty: by the file's name, before .gz or .zst. Errors: InvalidArgument.
absl::StatusOr<ConsentFormat> ConsentFormatOf(const std::string& name, const std::string& path);

// A line that was read. `cells` are good until the next.
struct ConsentFileLine {
  uint64_t line = 0;  // in the file, from 1
  ConsentCells cells = {};
  std::optional<RefusedLine> fault = {};  // of a line that makes no sense: the next ones are read all the same
};

// Threads: one at a time. Blank lines are skipped.
class ConsentFile {
 public:
  virtual ~ConsentFile() = default;
  // Errors: NotFound; InvalidArgument for a CSV header with a column that is not one of kConsentColumns.
  static absl::StatusOr<std::unique_ptr<ConsentFile>> Open(const std::string& path, ConsentFormat format);

  // False at the end. Errors: the file cannot be read further (as CsvReader and LineReader).
  virtual absl::StatusOr<bool> Next(ConsentFileLine& line) = 0;
  // Share of the file as it lies on the disk that was read, 0 to 1.
  virtual double read_share() const = 0;
};

absl::StatusOr<std::unique_ptr<ConsentFile>> OpenConsentCsv(const std::string& path);
absl::StatusOr<std::unique_ptr<ConsentFile>> OpenConsentJson(const std::string& path);

// The first line of a file; empty for JSON.
std::string ConsentHeader(ConsentFormat format);
// One line with its end. JSON leaves out what is empty.
std::string ConsentLineText(const ConsentTexts& texts, ConsentFormat format);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_FILE_H_
