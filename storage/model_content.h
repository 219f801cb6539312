// The content of a model file and the value that the scoring works with.
#ifndef ASSENT_STORAGE_MODEL_CONTENT_H_
#define ASSENT_STORAGE_MODEL_CONTENT_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "assent/internal/v1/model_file.pb.h"
#include "scoring/feature_schema.h"
#include "scoring/model.h"

namespace assent::storage {

// `digest`: SHA-256 of the serialised message. Errors: InvalidArgument that names the field.
absl::StatusOr<scoring::Model> ModelFromContent(const internal::v1::ModelFile& content,
                                                const std::array<uint8_t, 32>& digest);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_MODEL_CONTENT_H_
