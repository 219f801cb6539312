// A model in one file: magic, version, length, SHA-256, content (docs/storage_format.md).
#ifndef ASSENT_STORAGE_MODEL_FILE_H_
#define ASSENT_STORAGE_MODEL_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assent/internal/v1/model_file.pb.h"
#include "scoring/model.h"

namespace assent::storage {

inline constexpr size_t kModelFileBytesMax = size_t{1} << 30;

// Errors: NotFound; DataLoss (not a model file, cut, damaged: the message says which check failed and what to do);
// FailedPrecondition (a newer format); Unavailable (it cannot be read); InvalidArgument (the content breaks a rule of
// Model::Create).
absl::StatusOr<scoring::Model> ReadModelFile(const std::string& path);

// The message without the conversion, for tools. Errors: as ReadModelFile; InvalidArgument only for more fields or
// bytes than a model can have.
absl::StatusOr<internal::v1::ModelFile> ReadModelMessage(const std::string& path);

// Writes beside the target and renames, so that a reader sees the old or the new file, never half of one.
// Errors: InvalidArgument as above; Unavailable when the disk refuses.
absl::Status WriteModelFile(const std::string& path, const internal::v1::ModelFile& content);

// The value and its digest, without a file. Errors: InvalidArgument.
absl::StatusOr<scoring::Model> ModelFromMessage(const internal::v1::ModelFile& content);

// A schema on its own, as `assentctl train --schema` reads it. With `allow_unfitted` a scale of 0 ("take it from the
// data") becomes 1. Errors: InvalidArgument.
absl::StatusOr<scoring::FeatureSchema> SchemaFromMessage(const internal::v1::FeatureSchema& message,
                                                         bool allow_unfitted = false);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_MODEL_FILE_H_
