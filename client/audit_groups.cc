#include "client/audit_groups.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/csv_reader.h"
#include "client/training_table.h"

namespace assent::client {
namespace {

// An attribute while its rows are read.
struct GroupColumn {
  std::vector<size_t> cells;
  std::map<std::string, uint32_t> numbers;  // by first appearance
  std::vector<uint32_t> rows;
};

absl::Status AtLine(const CsvReader& reader, const CsvRow& row, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(reader.path(), ", line ", row.line, ": ", what));
}

absl::Status CheckGroupName(absl::string_view name) {
  if (name.size() > kAuditGroupNameMax) {
    return absl::InvalidArgumentError(absl::StrCat("the group has more than ", kAuditGroupNameMax, " bytes"));
  }
  const bool control =
      std::any_of(name.begin(), name.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
  return control ? absl::InvalidArgumentError("the group has control characters") : absl::OkStatus();
}

absl::Status TooManyGroups(absl::string_view attribute) {
  return absl::InvalidArgumentError(absl::StrCat("\"", attribute, "\" has more than ", kAuditGroupsMax,
                                                 " groups: audit a column of few, such as ranges of age"));
}

absl::StatusOr<std::vector<GroupColumn>> FindColumns(const CsvReader& reader,
                                                     const std::vector<std::string>& attributes) {
  if (attributes.empty() || attributes.size() > kAuditAttributesMax) {
    return absl::InvalidArgumentError(absl::StrCat("--groups: 1 to ", kAuditAttributesMax, " attributes"));
  }
  std::vector<GroupColumn> columns;
  for (const std::string& attribute : attributes) {
    if (std::count(attributes.begin(), attributes.end(), attribute) > 1) {
      return absl::InvalidArgumentError(absl::StrCat("--groups: \"", attribute, "\" is there twice"));
    }
    GroupColumn column;
    for (const absl::string_view name : absl::StrSplit(attribute, '+')) {
      auto index = reader.Column(name);
      if (!index.ok()) return index.status();
      column.cells.push_back(*index);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

absl::Status AddRow(const CsvRow& row, absl::string_view attribute, GroupColumn& column) {
  const auto name = absl::StrJoin(column.cells, " & ", [&](std::string* out, size_t cell) {
    absl::StrAppend(out, row.cells[cell].empty() ? kGroupNotGiven : row.cells[cell]);
  });
  const auto found = column.numbers.find(name);
  if (found != column.numbers.end()) {
    column.rows.push_back(found->second);
    return absl::OkStatus();
  }
  if (absl::Status status = CheckGroupName(name); !status.ok()) return status;
  if (column.numbers.size() == kAuditGroupsMax) return TooManyGroups(attribute);
  const auto number = static_cast<uint32_t>(column.numbers.size());
  column.numbers.emplace(name, number);
  column.rows.push_back(number);
  return absl::OkStatus();
}

// With the groups in the order of their names, whatever row came first.
AuditAttribute Sorted(const std::string& name, GroupColumn column) {
  AuditAttribute attribute{.name = name, .groups = {}, .row_groups = std::move(column.rows)};
  std::vector<uint32_t> places(column.numbers.size());
  for (const auto& [group, number] : column.numbers) {
    places[number] = static_cast<uint32_t>(attribute.groups.size());
    attribute.groups.push_back(group);
  }
  for (uint32_t& row : attribute.row_groups) row = places[row];
  return attribute;
}

absl::Status AddShare(const std::string& group, float share, AuditAttribute& attribute) {
  if (absl::Status status = CheckGroupName(group); !status.ok()) return status;
  auto place = std::find(attribute.groups.begin(), attribute.groups.end(), group);
  if (place == attribute.groups.end()) {
    if (attribute.groups.size() == kAuditGroupsMax) return TooManyGroups(attribute.name);
    place = attribute.groups.insert(place, group);
  }
  const auto index = static_cast<size_t>(place - attribute.groups.begin());
  attribute.population.resize(attribute.groups.size(), -1);
  if (attribute.population[index] >= 0) return absl::InvalidArgumentError("the group is there twice");
  attribute.population[index] = static_cast<double>(share);
  return absl::OkStatus();
}

absl::Status FinishPopulation(const std::string& path, AuditAttribute& attribute) {
  if (attribute.population.empty()) return absl::OkStatus();
  for (double& share : attribute.population) share = std::max(share, 0.0);
  const double sum = std::accumulate(attribute.population.begin(), attribute.population.end(), 0.0);
  if (sum > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": the shares of \"", attribute.name, "\" are all 0"));
}

absl::Status AddPopulationRow(const CsvRow& row, const std::vector<size_t>& cells,
                              std::vector<AuditAttribute>& attributes) {
  const auto attribute = std::find_if(attributes.begin(), attributes.end(),
                                      [&](const AuditAttribute& a) { return a.name == row.cells[cells[0]]; });
  if (attribute == attributes.end()) return absl::InvalidArgumentError("the attribute is not one of --groups");
  float share = 0;
  auto present = ParseCell(row.cells[cells[2]], share);
  if (!present.ok() || !*present || share < 0) return absl::InvalidArgumentError("share: not a number of 0 or more");
  const std::string& group = row.cells[cells[1]];
  return AddShare(group.empty() ? kGroupNotGiven : group, share, *attribute);
}

}  // namespace

absl::StatusOr<std::vector<AuditAttribute>> ReadAuditGroups(const std::string& path,
                                                            const std::vector<std::string>& attributes) {
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  auto columns = FindColumns(**reader, attributes);
  if (!columns.ok()) return columns.status();
  CsvRow row;
  while (true) {
    auto more = (*reader)->Next(row);
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t i = 0; i < attributes.size(); ++i) {
      absl::Status status = AddRow(row, attributes[i], (*columns)[i]);
      if (!status.ok()) return AtLine(**reader, row, status.message());
    }
  }
  std::vector<AuditAttribute> read;
  for (size_t i = 0; i < attributes.size(); ++i) read.push_back(Sorted(attributes[i], std::move((*columns)[i])));
  return read;
}

absl::Status ReadPopulation(const std::string& path, std::vector<AuditAttribute>& attributes) {
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::vector<size_t> cells;
  for (const char* name : {"attribute", "group", "share"}) {
    auto index = (*reader)->Column(name);
    if (!index.ok()) return index.status();
    cells.push_back(*index);
  }
  CsvRow row;
  while (true) {
    auto more = (*reader)->Next(row);
    if (!more.ok()) return more.status();
    if (!*more) break;
    absl::Status status = AddPopulationRow(row, cells, attributes);
    if (!status.ok()) return AtLine(**reader, row, status.message());
  }
  for (AuditAttribute& attribute : attributes) {
    if (absl::Status status = FinishPopulation(path, attribute); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace assent::client
