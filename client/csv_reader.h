// CSV rows with a header, from a plain, gzip or zstd file.
// Source: RFC 4180, read by libcsv (quoted fields, quoted line ends).
#ifndef ASSENT_CLIENT_CSV_READER_H_
#define ASSENT_CLIENT_CSV_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::client {

inline constexpr size_t kCsvColumnsMax = 16384;

// One record. `line` is that of its first byte, from 1; the header is line 1.
struct CsvRow {
  uint64_t line = 0;
  std::vector<std::string> cells;
};

// Threads: one at a time. Blank lines are skipped. Leading and trailing blanks of unquoted cells are dropped.
class CsvReader {
 public:
  // Opens the file and reads the header. Errors: NotFound; InvalidArgument for an empty file, a header with an empty or
  // repeated name, more than kCsvColumnsMax columns.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(const std::string& path);
  ~CsvReader();

  const std::vector<std::string>& header() const;
  // Index of a column by its name, or by its feature name (FeatureName below). Errors: NotFound that lists the columns,
  // or says how many there are when they do not look like names: then the first row may be one of people.
  absl::StatusOr<size_t> Column(absl::string_view name) const;
  // What to call a column in a message: `column "age"`, or `column 3` (from 1) when the header does not look like
  // names.
  std::string ColumnText(size_t index) const;

  // Reads the next record into `row`. False at the end. Errors, each with the line: InvalidArgument for another number
  // of cells than the header has, a quote out of place or not closed, carriage returns alone between rows, a line or a
  // row of several lines above kLineBytesMax; DataLoss for damaged gzip or zstd.
  absl::StatusOr<bool> Next(CsvRow& row);
  // Without the check of the width, for a reader that goes on after such a row: it calls CheckWidth, whose error names
  // the line.
  absl::StatusOr<bool> NextOfAnyWidth(CsvRow& row);
  absl::Status CheckWidth(const CsvRow& row) const;

  // Share of the file that was read, 0 to 1, for progress bars.
  double read_share() const;
  const std::string& path() const;

 private:
  struct Impl;
  explicit CsvReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A column's name as a feature name: runs of characters that are not [A-Za-z0-9_.-] become one '_', cut at both ends.
// "AnnualIncome (k$)" becomes "AnnualIncome_k".
std::string FeatureName(absl::string_view column);

// One CSV record with its line end, quoted where RFC 4180 asks for it.
std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CSV_READER_H_
