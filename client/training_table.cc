#include "client/training_table.h"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/csv_reader.h"

namespace assent::client {
namespace {

constexpr uint64_t kRowsPerProgress = 4096;

absl::StatusOr<std::vector<size_t>> Select(const CsvReader& reader, const std::vector<std::string>& columns,
                                           std::vector<std::string>& names) {
  names = columns.empty() ? reader.header() : columns;
  std::vector<size_t> indices;
  for (const std::string& name : names) {
    auto index = reader.Column(name);
    if (!index.ok()) return index.status();
    indices.push_back(*index);
  }
  return indices;
}

absl::Status AppendRow(const CsvReader& reader, const CsvRow& row, const std::vector<size_t>& indices,
                       TrainingTable& table) {
  for (const size_t index : indices) {
    float value = 0;
    auto present = ParseCell(row.cells[index], value);
    if (!present.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(reader.path(), ", line ", row.line, ", ", reader.ColumnText(index),
                                                     ": ", present.status().message()));
    }
    table.values.push_back(value);
    table.missing.push_back(*present ? 0 : 1);
    table.missing_cells += *present ? 0 : 1;
  }
  ++table.rows;
  if (table.values.size() > kTrainingCellsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(reader.path(), " has more than ", kTrainingCellsMax, " cells; train on a sample"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> ParseCell(absl::string_view cell, float& value) {
  value = 0;
  if (cell.empty() || cell == "NA" || absl::EqualsIgnoreCase(cell, "nan") || absl::EqualsIgnoreCase(cell, "null")) {
    return false;
  }
  const char* begin = cell.data() + (cell.front() == '+' ? 1 : 0);
  const char* end = cell.data() + cell.size();
  double number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error == std::errc::result_out_of_range ||
      (error == std::errc() && stop == end && !(std::fabs(number) <= std::numeric_limits<float>::max()))) {
    return absl::InvalidArgumentError("beyond what a 32-bit float can hold");
  }
  if (error != std::errc() || stop != end) {
    // The cell is not repeated: it may be somebody's id.
    return absl::InvalidArgumentError(
        "not a number; leave the cell empty if the value is missing, or choose other columns with --features");
  }
  value = static_cast<float>(number);
  return true;
}

absl::StatusOr<std::string> FileSha256(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 16);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<size_t>(file.gcount()));
  }
  std::array<char, 32> digest;
  EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return absl::BytesToHexString(absl::string_view(digest.data(), digest.size()));
}

absl::StatusOr<TrainingTable> ReadTrainingTable(const std::string& path, const std::vector<std::string>& columns,
                                                const std::function<void(double)>& progress) {
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  TrainingTable table;
  auto indices = Select(**reader, columns, table.columns);
  if (!indices.ok()) return indices.status();
  CsvRow row;
  while (true) {
    auto more = (*reader)->Next(row);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (absl::Status status = AppendRow(**reader, row, *indices, table); !status.ok()) return status;
    if (progress && table.rows % kRowsPerProgress == 0) progress((*reader)->read_share());
  }
  if (table.rows == 0) return absl::InvalidArgumentError(absl::StrCat(path, " has a header and no rows"));
  auto sha256 = FileSha256(path);
  if (!sha256.ok()) return sha256.status();
  table.sha256 = *std::move(sha256);
  return table;
}

}  // namespace assent::client
