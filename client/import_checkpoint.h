// How far an import has got, in files beside its input: a checkpoint, and the lines that were refused.
#ifndef ASSENT_CLIENT_IMPORT_CHECKPOINT_H_
#define ASSENT_CLIENT_IMPORT_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/consent_import_run.h"

namespace assent::client {

// Both files hold numbers and names of fields, nothing of a line. Threads: one at a time.
class ImportCheckpoint {
 public:
  // `refused_path`: where the report goes. Continues an import of this very file (size and time of change agree) that
  // did not end; else begins anew and removes the report of an earlier one. Errors: NotFound; Unavailable.
  static absl::StatusOr<ImportCheckpoint> Open(const std::string& input_path, const std::string& refused_path);

  // What an earlier run has acknowledged; `line` 0: nothing.
  const ImportProgress& progress() const { return progress_; }

  // First the report, then the checkpoint: a crash between them repeats lines of the report at most until the next run
  // cuts them off. Errors: Unavailable.
  absl::Status Save(const ImportProgress& progress, const std::vector<RefusedLine>& refused);
  // The import has ended: removes the checkpoint, and leaves the report.
  void Remove() const;

  const std::string& path() const { return path_; }
  const std::string& refused_path() const { return refused_path_; }

 private:
  ImportCheckpoint(const std::string& input_path, std::string refused_path)
      : path_(input_path + ".checkpoint"), refused_path_(std::move(refused_path)) {}
  void Read();
  absl::Status AppendRefused(const std::vector<RefusedLine>& refused);

  std::string path_;
  std::string refused_path_;
  uint64_t input_bytes_ = 0;
  int64_t input_changed_ns_ = 0;
  uint64_t report_bytes_ = 0;
  ImportProgress progress_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_IMPORT_CHECKPOINT_H_
