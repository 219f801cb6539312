// The models that have served, as long as a decision of theirs may have to be explained: files in the data folder.
#ifndef ASSENT_STORAGE_MODEL_ARCHIVE_H_
#define ASSENT_STORAGE_MODEL_ARCHIVE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "scoring/model.h"

namespace assent::storage {

// One file a model, named by its digest; the file's own time says when the model last served. Not in backups: the model
// file itself is the operator's. Threads: safe. Blocks on the disk. Digests are 64 hexadecimal characters
// (Model::digest_hex).
class ModelArchive {
 public:
  // Makes the folder `models` in the data folder when it is missing. Errors: Unavailable.
  static absl::StatusOr<std::unique_ptr<ModelArchive>> Open(const std::string& data_dir);

  // Keeps a copy of the model file and notes that it serves at `now`. Where the archive has it already, only the
  // latter. Errors: Aborted (the file holds another model by now), NotFound, InvalidArgument (no file to read),
  // Unavailable.
  absl::Status Keep(const std::string& model_path, absl::string_view digest, absl::Time now);
  // Notes that the model serves at `now`. Errors: NotFound, Unavailable.
  absl::Status NoteServed(absl::string_view digest, absl::Time now);
  // Errors: NotFound (it is not, or no longer, kept), and those of ReadModelFile.
  absl::StatusOr<scoring::Model> Read(absl::string_view digest) const;
  // Removes the models that last served before then, and what an interrupted Keep left. Returns how many models.
  // Errors: Unavailable.
  absl::StatusOr<size_t> RemoveBefore(absl::Time before);

 private:
  explicit ModelArchive(std::string folder) : folder_(std::move(folder)) {}
  std::string PathOfDigest(absl::string_view digest) const;

  const std::string folder_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_MODEL_ARCHIVE_H_
