// Everything that is kept of a subject, as one document for the person.
#ifndef ASSENT_SERVER_SUBJECT_EXPORT_H_
#define ASSENT_SERVER_SUBJECT_EXPORT_H_

#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/v1/subject_service.pb.h"
#include "policy/subject.h"
#include "storage/consent_store.h"

namespace assent::server {

// The newest changes that an export shows, and the bytes that they may be together; what does not fit is left out, and
// `history_cut` says so.
inline constexpr int kExportedChangesMax = 4096;
inline constexpr size_t kExportedHistoryBytesMax = size_t{4} << 20;
// Of one message of the stream.
inline constexpr size_t kExportChunkBytes = size_t{64} << 10;

// Fills everything but the profiles from the record and its history. Errors: those of ConsentStore::History. Blocks on
// the disk.
absl::Status FillExport(const storage::ConsentStore& store, const policy::SubjectKey& subject,
                        const internal::v1::ConsentRecord& record, absl::Time now, v1::SubjectExport& out);

// The document in the format that was asked for: JSON with the names of the proto's fields; or CSV, one row for each
// value, with the path of the field, such as "history[0].purposes[1].status". Errors: InvalidArgument (a format that
// this server does not know).
absl::StatusOr<std::string> ExportText(const v1::SubjectExport& document, v1::ExportFormat format);

// Shows the text in parts of at most kExportChunkBytes, until `send` says false.
void ForEachChunk(absl::string_view text, absl::FunctionRef<bool(absl::string_view part)> send);

}  // namespace assent::server

#endif  // ASSENT_SERVER_SUBJECT_EXPORT_H_
