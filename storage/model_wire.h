// The bytes of a model's content, before anything is made of them.
#ifndef ASSENT_STORAGE_MODEL_WIRE_H_
#define ASSENT_STORAGE_MODEL_WIRE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assent::storage {

// Two bytes of a file can become a hundred in memory: an empty card or feature is an object all the same. So the fields
// are counted as they stand in the serialised assent.internal.v1.ModelFile, and what no model can need is refused.
// Errors: DataLoss (no message), InvalidArgument that names the field and the limit.
// Source: the Protocol Buffers encoding. Cost: reads the tags, passes over the rest, allocates nothing.
absl::Status CheckModelWire(absl::string_view content);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_MODEL_WIRE_H_
