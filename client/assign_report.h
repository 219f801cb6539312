// What came of many assignments: counts, a sample, and how the segments line up with a reference.
#ifndef ASSENT_CLIENT_ASSIGN_REPORT_H_
#define ASSENT_CLIENT_ASSIGN_REPORT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/bad_rows.h"
#include "client/command_line.h"
#include "client/private_file.h"

namespace assent::client {

// One row's result. `error` is empty unless the row failed; then the other fields are.
struct AssignedRow {
  uint64_t row = 0;  // from 1
  std::string subject_id, outcome = {}, reason = {}, segment_id = {}, error = {}, error_field = {};
  double margin = 0;
};

struct AssignReportOptions {
  std::string out_path;      // CSV; empty: none
  std::string compare_path;  // CSV with subject_id and a label; empty: none
  size_t sample = 5;         // rows to show
  bool keep_all = false;     // keep every row for ToJson
};

// Threads: one at a time.
class AssignReport {
 public:
  static absl::StatusOr<AssignReport> Create(const AssignReportOptions& options);

  void Add(const AssignedRow& row);
  // Moves the output file to its place; without it there is none. Errors: Unavailable when the disk refused.
  absl::Status Close();

  uint64_t rows() const { return rows_; }
  const BadRows& bad_rows() const { return bad_rows_; }
  nlohmann::ordered_json ToJson() const;
  void Print(CommandLine& line) const;

 private:
  using Counts = std::map<std::string, uint64_t>;
  void PrintComparison(CommandLine& line) const;
  // Share of the assigned people with a reference whose label is the most frequent one of their segment.
  double Purity() const;

  AssignReportOptions options_;
  std::unique_ptr<PrivateFile> out_;                         // null: none
  absl::flat_hash_map<std::string, std::string> reference_;  // label by subject id
  uint64_t rows_ = 0;
  BadRows bad_rows_;
  Counts outcomes_, reasons_, segments_, errors_;
  std::map<std::string, Counts> labels_by_segment_;
  std::vector<AssignedRow> kept_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_ASSIGN_REPORT_H_
