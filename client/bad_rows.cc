#include "client/bad_rows.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace assent::client {

void BadRows::Add(uint64_t row, absl::string_view what) {
  ++count_;
  if (kept_.size() == kKept && row > kept_.rbegin()->first) return;
  kept_.emplace(row, std::string(what));
  if (kept_.size() > kKept) kept_.erase(std::prev(kept_.end()));
}

absl::Status BadRows::AsStatus(uint64_t rows) const {
  if (count_ == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(count_, " of ", rows, " rows failed; the others are done"));
}

void BadRows::Print(CommandLine& line) const {
  for (const auto& [row, what] : kept_) line.err << "  row " << row << ": " << what << "\n";
  if (count_ > kept_.size()) line.err << "  and " << HumanCount(count_ - kept_.size()) << " more\n";
}

nlohmann::ordered_json BadRows::ToJson() const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& [row, what] : kept_) rows.push_back({{"row", row}, {"error", what}});
  return rows;
}

}  // namespace assent::client
