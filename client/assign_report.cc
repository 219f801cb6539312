#include "client/assign_report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/csv_reader.h"

namespace assent::client {
namespace {

absl::Status ReadReference(const std::string& path, absl::flat_hash_map<std::string, std::string>& reference) {
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  if ((*reader)->header().size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("--compare: ", path, " must have two columns, id and label"));
  }
  CsvRow row;
  while (true) {
    auto more = (*reader)->Next(row);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    reference[row.cells[0]] = row.cells[1];
  }
}

nlohmann::ordered_json RowJson(const AssignedRow& row) {
  nlohmann::ordered_json json = {{"row", row.row}, {"subject_id", row.subject_id}};
  if (!row.error.empty()) {
    json["error"] = {{"reason", row.error}, {"field", row.error_field}};
    return json;
  }
  json["outcome"] = row.outcome;
  json["reason"] = row.reason;
  json["segment_id"] =
      row.segment_id.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(row.segment_id);
  json["margin"] = row.margin;
  return json;
}

std::vector<std::pair<std::string, uint64_t>> ByCount(const std::map<std::string, uint64_t>& counts) {
  std::vector<std::pair<std::string, uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

void PrintCounts(const char* title, const std::map<std::string, uint64_t>& counts, uint64_t total, CommandLine& line) {
  if (counts.empty()) return;
  line.out << "\n" << line.terminal.Paint(Style::kBold, title) << "\n";
  for (const auto& [name, count] : ByCount(counts)) {
    line.out << "  " << PadRight(name, 28) << PadLeft(HumanCount(count), 10)
             << absl::StrFormat("  %5.1f %%", 100.0 * static_cast<double>(count) / static_cast<double>(total)) << "\n";
  }
}

void PrintSample(const std::vector<AssignedRow>& rows, size_t limit, CommandLine& line) {
  for (size_t i = 0; i < std::min(limit, rows.size()); ++i) {
    const AssignedRow& row = rows[i];
    const bool assigned = row.outcome == "ASSIGNED";
    const std::string what = row.error.empty() ? row.outcome : absl::StrCat("ERROR ", row.error);
    line.out << "  " << PadRight(row.subject_id, 18)
             << line.terminal.Paint(assigned ? Style::kGood : Style::kWarn, PadRight(what, 12)) << " "
             << (assigned ? absl::StrCat(PadRight(row.segment_id, 12), "margin ", HumanNumber(row.margin))
                          : line.terminal.Paint(Style::kDim, row.reason + row.error_field))
             << "\n";
  }
}

}  // namespace

absl::StatusOr<AssignReport> AssignReport::Create(const AssignReportOptions& options) {
  AssignReport report;
  report.options_ = options;
  if (!options.compare_path.empty()) {
    if (absl::Status status = ReadReference(options.compare_path, report.reference_); !status.ok()) return status;
  }
  if (!options.out_path.empty()) {
    auto file = PrivateFile::Create(options.out_path);
    if (!file.ok()) return absl::Status(file.status().code(), absl::StrCat("--out: ", file.status().message()));
    report.out_ = *std::move(file);
    report.out_->Write("subject_id,outcome,reason,segment_id,margin,error\n");
  }
  return report;
}

void AssignReport::Add(const AssignedRow& row) {
  ++rows_;
  if (row.error.empty()) {
    ++outcomes_[row.outcome];
    ++reasons_[row.reason];
    if (!row.segment_id.empty()) ++segments_[row.segment_id];
  } else {
    bad_rows_.Add(row.row, absl::StrCat(row.error, row.error_field.empty() ? "" : " ", row.error_field));
    ++errors_[row.error];
  }
  if (!row.segment_id.empty() && !reference_.empty()) {
    const auto label = reference_.find(row.subject_id);
    if (label != reference_.end()) ++labels_by_segment_[row.segment_id][label->second];
  }
  if (out_ != nullptr) {
    out_->Write(CsvLine({row.subject_id, row.outcome, row.reason, row.segment_id,
                         row.error.empty() ? absl::StrFormat("%.17g", row.margin) : std::string(), row.error}));
  }
  if (options_.keep_all || kept_.size() < options_.sample) kept_.push_back(row);
}

absl::Status AssignReport::Close() {
  if (out_ == nullptr) return absl::OkStatus();
  const absl::Status status = std::exchange(out_, nullptr)->Commit();
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat("--out: ", status.message()));
}

double AssignReport::Purity() const {
  uint64_t matching = 0;
  uint64_t total = 0;
  for (const auto& [segment, labels] : labels_by_segment_) {
    uint64_t largest = 0;
    for (const auto& [label, count] : labels) {
      largest = std::max(largest, count);
      total += count;
    }
    matching += largest;
  }
  return total == 0 ? 0 : static_cast<double>(matching) / static_cast<double>(total);
}

nlohmann::ordered_json AssignReport::ToJson() const {
  nlohmann::ordered_json json = {{"rows", rows_},       {"failed", bad_rows_.count()}, {"outcomes", outcomes_},
                                 {"reasons", reasons_}, {"segments", segments_},       {"errors", errors_}};
  if (bad_rows_.count() != 0) json["bad_rows"] = bad_rows_.ToJson();
  if (!labels_by_segment_.empty())
    json["comparison"] = {{"purity", Purity()}, {"labels_by_segment", labels_by_segment_}};
  if (options_.keep_all) {
    json["assignments"] = nlohmann::ordered_json::array();
    for (const AssignedRow& row : kept_) json["assignments"].push_back(RowJson(row));
  }
  return json;
}

void AssignReport::PrintComparison(CommandLine& line) const {
  if (labels_by_segment_.empty()) return;
  line.out << "\n" << line.terminal.Paint(Style::kBold, "Segments and the reference") << "\n";
  for (const auto& [segment, labels] : labels_by_segment_) {
    uint64_t total = 0;
    for (const auto& [label, count] : labels) total += count;
    const auto sorted = ByCount(labels);
    const auto& [label, count] = sorted.front();
    line.out << "  " << line.terminal.Paint(Style::kAccent, PadRight(segment, 12)) << PadRight(label, 28)
             << absl::StrFormat("%5.1f %%", 100.0 * static_cast<double>(count) / static_cast<double>(total)) << " of "
             << HumanCount(total) << "\n";
  }
  line.out << line.terminal.Paint(Style::kDim, absl::StrFormat("  %.1f %% of the assigned people are in the segment "
                                                               "of their own kind",
                                                               100 * Purity()))
           << "\n";
}

void AssignReport::Print(CommandLine& line) const {
  PrintSample(kept_, options_.sample, line);
  PrintCounts("Outcomes", outcomes_, rows_, line);
  PrintCounts("Rules that decided", reasons_, rows_, line);
  PrintCounts("Segments", segments_, rows_, line);
  PrintCounts("Errors", errors_, rows_, line);
  PrintComparison(line);
}

}  // namespace assent::client
