// The numeric columns of a CSV file, in memory: what a model is trained on.
#ifndef ASSENT_CLIENT_TRAINING_TABLE_H_
#define ASSENT_CLIENT_TRAINING_TABLE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::client {

inline constexpr size_t kTrainingCellsMax = size_t{1} << 30;

// Shape: values and missing are [rows x columns.size()], row-major, raw units. A missing cell has missing = 1, value 0.
struct TrainingTable {
  std::vector<std::string> columns;
  std::vector<float> values;
  std::vector<uint8_t> missing;
  size_t rows = 0;
  std::vector<size_t> row_numbers = {};  // in the data, from 1; empty: all of them, in order
  const char* row_noun = "row";          // what a row of the data is
  uint64_t missing_cells = 0;
  std::string sha256;  // of the file's bytes as they are, 64 hexadecimal characters
};

// Reads `columns` of the file, or every column when empty. Cells are decimal numbers; an empty cell, "NA", "NaN" and
// "null" are missing. `progress` gets the share that was read, 0 to 1; may be empty. Errors: NotFound (file, column);
// InvalidArgument that names line and column: not a number, infinite, beyond float32, no rows, too many cells; those of
// CsvReader.
absl::StatusOr<TrainingTable> ReadTrainingTable(const std::string& path, const std::vector<std::string>& columns,
                                                const std::function<void(double)>& progress);

// One cell. Returns false when it is missing. Errors: InvalidArgument without a place.
absl::StatusOr<bool> ParseCell(absl::string_view cell, float& value);

// Errors: NotFound when the file cannot be read.
absl::StatusOr<std::string> FileSha256(const std::string& path);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TRAINING_TABLE_H_
