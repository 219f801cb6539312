#include "client/import_checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/csv_reader.h"
#include "client/text_file.h"
#include "nlohmann/json.hpp"

namespace assent::client {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

absl::Status CannotWrite(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, "; does the folder exist, and is there room?"));
}

bool WriteAll(int file, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

absl::StatusOr<ImportCheckpoint> ImportCheckpoint::Open(const std::string& input_path,
                                                        const std::string& refused_path) {
  struct stat info = {};
  if (stat(input_path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("cannot read ", input_path, ": no such file"));
  }
  ImportCheckpoint checkpoint(input_path, refused_path);
  checkpoint.input_bytes_ = static_cast<uint64_t>(info.st_size);
  checkpoint.input_changed_ns_ = info.st_mtim.tv_sec * kSecondNs + info.st_mtim.tv_nsec;
  checkpoint.Read();
  if (checkpoint.progress_.line == 0) {
    unlink(refused_path.c_str());
    return checkpoint;
  }
  if (checkpoint.report_bytes_ != 0 &&
      truncate(refused_path.c_str(), static_cast<off_t>(checkpoint.report_bytes_)) != 0) {
    return CannotWrite(refused_path);
  }
  return checkpoint;
}

// A checkpoint that cannot be read, or is of another file, counts for none: to import twice is safe.
void ImportCheckpoint::Read() {
  const auto text = ReadTextFile(path_);
  if (!text.ok()) return;
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const auto number = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
  };
  if (!json.is_object() || number("input_bytes") != static_cast<int64_t>(input_bytes_) ||
      number("input_changed_ns") != input_changed_ns_) {
    return;
  }
  for (const char* name : {"line", "taken", "unchanged", "refused", "report_bytes"}) {
    if (number(name) < 0) return;
  }
  report_bytes_ = static_cast<uint64_t>(number("report_bytes"));
  progress_.line = static_cast<uint64_t>(number("line"));
  progress_.taken = static_cast<uint64_t>(number("taken"));
  progress_.unchanged = static_cast<uint64_t>(number("unchanged"));
  progress_.refused = static_cast<uint64_t>(number("refused"));
  progress_.rows = progress_.taken + progress_.unchanged + progress_.refused;
}

absl::Status ImportCheckpoint::AppendRefused(const std::vector<RefusedLine>& refused) {
  if (refused.empty()) return absl::OkStatus();
  std::string text = report_bytes_ == 0 ? "line,field,reason\n" : "";
  for (const RefusedLine& line : refused) text += CsvLine({absl::StrCat(line.line), line.field, line.reason});
  const int file =
      open(refused_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return CannotWrite(refused_path_);
  const bool written = WriteAll(file, text);
  if (close(file) != 0 || !written) return CannotWrite(refused_path_);
  report_bytes_ += text.size();
  return absl::OkStatus();
}

absl::Status ImportCheckpoint::Save(const ImportProgress& progress, const std::vector<RefusedLine>& refused) {
  if (absl::Status status = AppendRefused(refused); !status.ok()) return status;
  progress_ = progress;
  const nlohmann::ordered_json json = {{"input_bytes", input_bytes_},     {"input_changed_ns", input_changed_ns_},
                                       {"line", progress.line},           {"taken", progress.taken},
                                       {"unchanged", progress.unchanged}, {"refused", progress.refused},
                                       {"report_bytes", report_bytes_}};
  return WriteTextFile(path_, json.dump() + "\n");
}

void ImportCheckpoint::Remove() const { unlink(path_.c_str()); }

}  // namespace assent::client
