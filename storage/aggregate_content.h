// Aggregates, as a schema's message has them and as the scoring works with them.
#ifndef ASSENT_STORAGE_AGGREGATE_CONTENT_H_
#define ASSENT_STORAGE_AGGREGATE_CONTENT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/internal/v1/model_file.pb.h"
#include "scoring/aggregate.h"

namespace assent::storage {

// Errors: InvalidArgument that names the field, below `where`. What the values mean is checked by
// FeatureSchema::Create.
absl::StatusOr<scoring::Aggregate> AggregateFromMessage(const internal::v1::AggregateSource& message,
                                                        absl::string_view where);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_AGGREGATE_CONTENT_H_
