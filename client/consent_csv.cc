// Consents of a CSV file.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/consent_file.h"
#include "client/csv_reader.h"

namespace assent::client {
namespace {

class ConsentCsv final : public ConsentFile {
 public:
  explicit ConsentCsv(std::unique_ptr<CsvReader> reader) : reader_(std::move(reader)) {}

  absl::Status FindColumns() {
    for (size_t i = 0; i < reader_->header().size(); ++i) {
      const auto column = ConsentColumnOf(reader_->header()[i]);
      if (!column) {
        return absl::InvalidArgumentError(
            absl::StrCat(reader_->path(), ": ", reader_->ColumnText(i),
                         " is none of consents; the columns are: ", absl::StrJoin(kConsentColumns, ", ")));
      }
      columns_.push_back(static_cast<size_t>(*column));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(ConsentFileLine& line) override {
    auto more = reader_->NextOfAnyWidth(row_);
    if (!more.ok() || !*more) return more;
    line.line = row_.line;
    line.cells = {};
    line.fault.reset();
    if (row_.cells.size() != columns_.size()) {
      line.fault = RefusedLine{.line = row_.line, .field = "", .reason = "FIELD_INVALID"};
      return true;
    }
    for (size_t i = 0; i < columns_.size(); ++i) line.cells[columns_[i]] = row_.cells[i];
    return true;
  }

  double read_share() const override { return reader_->read_share(); }

 private:
  const std::unique_ptr<CsvReader> reader_;
  std::vector<size_t> columns_;  // of each cell
  CsvRow row_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ConsentFile>> OpenConsentCsv(const std::string& path) {
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  auto file = std::make_unique<ConsentCsv>(*std::move(reader));
  if (absl::Status status = file->FindColumns(); !status.ok()) return status;
  return file;
}

}  // namespace assent::client
