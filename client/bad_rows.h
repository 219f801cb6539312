// The rows of a file that failed alone: how many, and the first of them by number, never by id.
#ifndef ASSENT_CLIENT_BAD_ROWS_H_
#define ASSENT_CLIENT_BAD_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/command_line.h"

namespace assent::client {

// Threads: one at a time.
class BadRows {
 public:
  static constexpr size_t kKept = 20;

  // `row`: from 1, the header not counted. `what`: why, without anything of the row.
  void Add(uint64_t row, absl::string_view what);
  uint64_t count() const { return count_; }

  // OK without a bad row; else InvalidArgument with the count.
  absl::Status AsStatus(uint64_t rows) const;
  // One line a row that was kept, and how many more there are.
  void Print(CommandLine& line) const;
  nlohmann::ordered_json ToJson() const;

 private:
  uint64_t count_ = 0;
  std::map<uint64_t, std::string> kept_;  // those with the lowest numbers
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_BAD_ROWS_H_
