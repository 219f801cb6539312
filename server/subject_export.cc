#include "server/subject_export.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/util/json_util.h"
#include "server/consent_conversion.h"
#include "server/message_csv.h"
#include "server/pseudonym_text.h"
#include "server/status_conversion.h"
#include "server/subject_conversion.h"
#include "storage/subject_links.h"

namespace assent::server {
namespace {

void FillLinks(const internal::v1::ConsentRecord& record, v1::SubjectLinks& links) {
  if (const auto person = storage::PersonOf(record)) links.set_person(HexOf(*person));
  for (const policy::SubjectKey& linked : storage::LinkedTo(record)) links.add_linked(HexOf(linked));
}

}  // namespace

absl::Status FillExport(const storage::ConsentStore& store, const policy::SubjectKey& subject,
                        const internal::v1::ConsentRecord& record, absl::Time now, v1::SubjectExport& out) {
  FillTime(now, *out.mutable_export_time());
  FillConsent(record, *out.mutable_consent());
  FillSubjectState(record, *out.mutable_state());
  if (storage::LinkCount(record) != 0) FillLinks(record, *out.mutable_links());
  size_t bytes = 0;
  return store.History(subject, 0, [&](uint64_t revision, const internal::v1::ConsentChange& change) {
    v1::ConsentChange shown;
    FillChange(revision, change, shown);
    bytes += shown.ByteSizeLong();
    if (out.history_size() == kExportedChangesMax || bytes > kExportedHistoryBytesMax) {
      out.set_history_cut(true);
      return false;
    }
    *out.add_history() = std::move(shown);
    return true;
  });
}

absl::StatusOr<std::string> ExportText(const v1::SubjectExport& document, v1::ExportFormat format) {
  if (format == v1::EXPORT_FORMAT_CSV) return MessageCsv(document);
  if (format != v1::EXPORT_FORMAT_UNSPECIFIED && format != v1::EXPORT_FORMAT_JSON) {
    return MakeError(Reason::kFieldInvalid, "format", "is not a format that this server knows");
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(document, &text, options).ok()) {
    return MakeError(Reason::kInternal, "", "the export cannot be written as JSON");
  }
  return text;
}

void ForEachChunk(absl::string_view text, absl::FunctionRef<bool(absl::string_view part)> send) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kExportChunkBytes))) {
    if (!send(text.substr(0, kExportChunkBytes))) return;
  }
}

}  // namespace assent::server
