#include "client/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/line_reader.h"

namespace assent::client {
namespace {

constexpr size_t kNameBytesMax = 48;
constexpr int kNameDigitsMax = 3;

// A file without a header has data where the names should be. A name starts with a letter, is short, and has neither
// many digits nor an at sign.
bool LooksLikeName(absl::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) return false;
  const auto letter = [](char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; };
  const auto digit = [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); };
  const auto plain = [&](char c) {
    return letter(c) || digit(c) || absl::string_view(" .-/()[]%$").find(c) != absl::string_view::npos;
  };
  return letter(text.front()) && std::all_of(text.begin(), text.end(), plain) &&
         std::count_if(text.begin(), text.end(), digit) <= kNameDigitsMax;
}

// One column of words may as well be a list of ids.
bool LooksLikeHeader(const std::vector<std::string>& cells) {
  return cells.size() > 1 &&
         std::all_of(cells.begin(), cells.end(), [](const auto& cell) { return LooksLikeName(cell); });
}

std::string TextOfColumn(const std::vector<std::string>& header, size_t index) {
  return LooksLikeHeader(header) ? absl::StrCat("column \"", header[index], "\"") : absl::StrCat("column ", index + 1);
}

}  // namespace

struct CsvReader::Impl {
  std::unique_ptr<LineReader> lines;
  csv_parser parser;
  std::vector<std::string> header;
  CsvRow* row = nullptr;  // being filled
  bool row_done = false;
  bool too_wide = false;
  bool more_behind = false;  // another row on the same line: a carriage return alone stands between them

  Impl() { csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL); }
  ~Impl() { csv_free(&parser); }

  static void OnCell(void* data, size_t size, void* self);
  static void OnRow(int terminator, void* self);
  absl::Status Error(absl::string_view what) const { return Error(lines->line(), what); }
  absl::Status Error(uint64_t line, absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(lines->path(), ", line ", line, ": ", what));
  }
  absl::StatusOr<bool> ReadRow(CsvRow& into);
  absl::StatusOr<bool> AtEnd();
};

void CsvReader::Impl::OnCell(void* data, size_t size, void* self) {
  auto* impl = static_cast<Impl*>(self);
  impl->more_behind = impl->more_behind || impl->row_done;
  if (impl->row->cells.size() == kCsvColumnsMax) {
    impl->too_wide = true;
    return;
  }
  impl->row->cells.emplace_back(static_cast<const char*>(data), size);
}

void CsvReader::Impl::OnRow(int, void* self) { static_cast<Impl*>(self)->row_done = true; }

// What is left when the file has no more lines: perhaps a last row without a line end.
absl::StatusOr<bool> CsvReader::Impl::AtEnd() {
  if (csv_fini(&parser, OnCell, OnRow, this) != 0) return Error(row->line, "a quoted cell is not closed");
  return row_done;
}

// Feeds physical lines until one completes a row; a quoted line end makes a row span several.
absl::StatusOr<bool> CsvReader::Impl::ReadRow(CsvRow& into) {
  row = &into;
  row_done = false;
  into.cells.clear();
  size_t bytes = 0;  // of the row so far
  absl::string_view text;
  while (!row_done) {
    if (bytes == 0) into.line = lines->line() + 1;
    auto more = lines->Next(text);
    if (!more.ok()) return more.status();
    if (!*more) return AtEnd();
    if (bytes > 0 || !absl::StripAsciiWhitespace(text).empty()) bytes += text.size();
    if (bytes > kLineBytesMax) {
      return Error(into.line, absl::StrCat("a row is longer than ", kLineBytesMax, " bytes; is a quote not closed?"));
    }
    if (csv_parse(&parser, text.data(), text.size(), OnCell, OnRow, this) != text.size()) {
      return Error("a quote is out of place; double the quotes inside a quoted cell");
    }
    if (more_behind) return Error(kLineEndsHint);
    if (too_wide) return Error(absl::StrCat("more than ", kCsvColumnsMax, " columns"));
  }
  return true;
}

CsvReader::CsvReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CsvReader::~CsvReader() = default;

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  auto lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  impl->lines = *std::move(lines);
  CsvRow row;
  auto found = impl->ReadRow(row);
  if (!found.ok()) return found.status();
  if (!*found) return absl::InvalidArgumentError(absl::StrCat(path, " is empty; a CSV file with a header is needed"));
  absl::flat_hash_set<absl::string_view> names;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (row.cells[i].empty()) return impl->Error(absl::StrCat("column ", i + 1, " of the header has no name"));
    if (!names.insert(row.cells[i]).second)
      return impl->Error(absl::StrCat(TextOfColumn(row.cells, i), " is repeated"));
  }
  names.clear();
  impl->header = std::move(row.cells);
  return std::unique_ptr<CsvReader>(new CsvReader(std::move(impl)));
}

const std::vector<std::string>& CsvReader::header() const { return impl_->header; }
const std::string& CsvReader::path() const { return impl_->lines->path(); }

absl::StatusOr<size_t> CsvReader::Column(absl::string_view name) const {
  const auto& header = impl_->header;
  const auto exact = std::find(header.begin(), header.end(), name);
  if (exact != header.end()) return static_cast<size_t>(exact - header.begin());
  for (size_t i = 0; i < header.size(); ++i) {
    if (FeatureName(header[i]) == name) return i;
  }
  const std::string missing = absl::StrCat(path(), " has no column \"", std::string(name), "\"");
  if (LooksLikeHeader(header)) {
    return absl::NotFoundError(absl::StrCat(missing, "; its columns are: ", absl::StrJoin(header, ", ")));
  }
  return absl::NotFoundError(absl::StrCat(missing, "; its first row has ", header.size(), " cells; is it the header?"));
}

std::string CsvReader::ColumnText(size_t index) const { return TextOfColumn(impl_->header, index); }

absl::StatusOr<bool> CsvReader::NextOfAnyWidth(CsvRow& row) { return impl_->ReadRow(row); }

absl::StatusOr<bool> CsvReader::Next(CsvRow& row) {
  auto found = impl_->ReadRow(row);
  if (!found.ok() || !*found) return found;
  if (absl::Status width = CheckWidth(row); !width.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path(), ", ", width.message()));
  }
  return true;
}

absl::Status CsvReader::CheckWidth(const CsvRow& row) const {
  if (row.cells.size() == impl_->header.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("line ", row.line, ": ", row.cells.size(),
                                                 " cells, but the header has ", impl_->header.size(), " columns"));
}

double CsvReader::read_share() const { return impl_->lines->read_share(); }

std::string FeatureName(absl::string_view column) {
  std::string name;
  for (const char c : column) {
    const bool kept = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
    if (kept) {
      name.push_back(c);
    } else if (!name.empty() && name.back() != '_') {
      name.push_back('_');
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string& cell = cells[i];
    if (i > 0) line.push_back(',');
    if (cell.find_first_of(",\"\r\n") == std::string::npos && cell == absl::StripAsciiWhitespace(cell)) {
      line += cell;
      continue;
    }
    std::string quoted(csv_write(nullptr, 0, cell.data(), cell.size()), '\0');
    csv_write(quoted.data(), quoted.size(), cell.data(), cell.size());
    line += quoted;
  }
  return line + "\n";
}

}  // namespace assent::client
