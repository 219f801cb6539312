#include "storage/taxonomy_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "storage/text_file.h"

namespace assent::storage {
namespace {

// Where the columns are that matter, from 0.
struct TaxonomyColumns {
  size_t width = 0;
  size_t id = 0;
  size_t parent = 0;
  std::array<size_t, kTaxonomyTiersMax> tiers{};
};

absl::Status ErrorAt(absl::string_view path, uint64_t line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ", line ", line, ": ", what));
}

std::vector<absl::string_view> CellsOf(absl::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  std::vector<absl::string_view> cells = absl::StrSplit(line, '\t');
  for (absl::string_view& cell : cells) cell = absl::StripAsciiWhitespace(cell);
  return cells;
}

// The error is what is wrong with the header.
absl::StatusOr<TaxonomyColumns> ColumnsOf(const std::vector<absl::string_view>& header) {
  TaxonomyColumns columns;
  columns.width = header.size();
  const auto find = [&header](absl::string_view name, size_t& index) {
    const auto found = std::find(header.begin(), header.end(), name);
    index = static_cast<size_t>(found - header.begin());
    if (found != header.end()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("no column \"", name, "\"; is it the TSV file of the IAB Audience Taxonomy?"));
  };
  absl::Status found = find("Unique ID", columns.id);
  if (found.ok()) found = find("Parent ID", columns.parent);
  for (size_t i = 0; i < kTaxonomyTiersMax && found.ok(); ++i) {
    found = find(absl::StrCat("Tier ", i + 1), columns.tiers[i]);
  }
  if (!found.ok()) return found;
  return columns;
}

bool ReadRowId(absl::string_view text, int32_t& id) { return absl::SimpleAtoi(text, &id) && id > 0; }

// They would reach the terminal.
bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

// The error is what is wrong with the line.
absl::StatusOr<TaxonomyRow> RowOf(const std::vector<absl::string_view>& cells, const TaxonomyColumns& columns) {
  if (cells.size() != columns.width) {
    return absl::InvalidArgumentError(
        absl::StrCat(cells.size(), " cells, but the header has ", columns.width, " columns"));
  }
  TaxonomyRow row;
  if (!ReadRowId(cells[columns.id], row.id)) {
    return absl::InvalidArgumentError("column \"Unique ID\" is not a whole number from 1");
  }
  if (!cells[columns.parent].empty() && !ReadRowId(cells[columns.parent], row.parent)) {
    return absl::InvalidArgumentError("column \"Parent ID\" is neither empty nor a whole number from 1");
  }
  for (const size_t tier : columns.tiers) {
    if (!cells[tier].empty()) row.tiers.emplace_back(cells[tier]);
  }
  if (row.tiers.empty()) return absl::InvalidArgumentError("no tier has a name");
  if (std::any_of(row.tiers.begin(), row.tiers.end(), HasControlCharacter)) {
    return absl::InvalidArgumentError("a name has a control character");
  }
  return row;
}

bool IsBlank(const std::vector<absl::string_view>& cells) {
  return std::all_of(cells.begin(), cells.end(), [](absl::string_view cell) { return cell.empty(); });
}

}  // namespace

std::string TaxonomyRow::Path() const { return absl::StrJoin(tiers, " > "); }

absl::StatusOr<Taxonomy> Taxonomy::Read(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, kTaxonomyFileBytesMax);
  if (!text.ok()) return absl::Status(text.status().code(), absl::StrCat(path, ": ", text.status().message()));
  Taxonomy taxonomy;
  std::vector<uint64_t> lines;
  absl::Status status = taxonomy.Parse(*text, path, lines);
  if (status.ok() && taxonomy.rows_.empty()) {
    status = absl::InvalidArgumentError(absl::StrCat(path, " holds no row of a taxonomy"));
  }
  if (status.ok()) status = taxonomy.CheckParents(path, lines);
  if (!status.ok()) return status;
  return taxonomy;
}

absl::Status Taxonomy::Parse(absl::string_view text, absl::string_view path, std::vector<uint64_t>& lines) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");  // a byte order mark
  TaxonomyColumns columns;
  uint64_t number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const auto error = [&](absl::string_view what) { return ErrorAt(path, number, what); };
    const std::vector<absl::string_view> cells = CellsOf(line);
    if (IsBlank(cells)) continue;
    if (columns.width == 0) {
      auto found = ColumnsOf(cells);
      if (!found.ok()) return error(found.status().message());
      columns = *found;
      continue;
    }
    auto row = RowOf(cells, columns);
    if (!row.ok()) return error(row.status().message());
    if (size() == kTaxonomyRowsMax) return error(absl::StrCat("more than ", kTaxonomyRowsMax, " rows"));
    if (!index_by_id_.emplace(row->id, size()).second) return error(absl::StrCat("id ", row->id, " is repeated"));
    rows_.push_back(*std::move(row));
    lines.push_back(number);
  }
  return absl::OkStatus();
}

absl::Status Taxonomy::CheckParents(absl::string_view path, const std::vector<uint64_t>& lines) const {
  for (size_t i = 0; i < rows_.size(); ++i) {
    const TaxonomyRow* row = &rows_[i];
    for (size_t depth = 0; row->parent != 0; ++depth) {
      const TaxonomyRow* parent = Find(row->parent);
      if (parent == nullptr) return ErrorAt(path, lines[i], absl::StrCat("there is no parent ", row->parent));
      if (depth == kTaxonomyDepthMax) {
        return ErrorAt(path, lines[i],
                       absl::StrCat("parents in a ring, or more than ", kTaxonomyDepthMax, " above it"));
      }
      row = parent;
    }
  }
  return absl::OkStatus();
}

const TaxonomyRow* Taxonomy::Find(int32_t id) const {
  const auto found = index_by_id_.find(id);
  return found == index_by_id_.end() ? nullptr : &rows_[found->second];
}

bool Taxonomy::IsUnder(int32_t id, int32_t ancestor) const {
  for (const TaxonomyRow* row = Find(id); row != nullptr; row = Find(row->parent)) {
    if (row->id == ancestor) return true;
  }
  return false;
}

std::vector<int32_t> Taxonomy::PathOf(int32_t id) const {
  std::vector<int32_t> path = {id};
  for (const TaxonomyRow* row = Find(id); row != nullptr && row->parent != 0; row = Find(row->parent)) {
    path.push_back(row->parent);
  }
  return path;
}

}  // namespace assent::storage
