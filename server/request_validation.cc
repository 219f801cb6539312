#include "server/request_validation.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/jurisdiction.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "scoring/assign.h"
#include "server/consent_token.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

constexpr size_t kSignalBytesMax = 4096;
constexpr size_t kUsPrivacyBytes = 4;
constexpr int kGppSectionsMax = 32;
constexpr size_t kPlacementBytesMax = 64;

// [a-z0-9_-]
bool IsLabel(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

absl::Status ValidateNamespace(absl::string_view field, absl::string_view name) {
  if (name.empty()) return MakeError(Reason::kFieldRequired, field, "is required");
  if (name.size() > policy::kNamespaceBytesMax) {
    return MakeLimitError(Reason::kFieldTooLong, field, "has more bytes than", policy::kNamespaceBytesMax);
  }
  if (!IsLabel(name)) return MakeError(Reason::kFieldInvalid, field, "has characters other than [a-z0-9_-]");
  return absl::OkStatus();
}

absl::Status ValidateContext(const v1::Context& context) {
  if (context.placement().size() > kPlacementBytesMax) {
    return MakeLimitError(Reason::kFieldTooLong, "context.placement", "has more bytes than", kPlacementBytesMax);
  }
  if (!IsLabel(context.placement())) {
    return MakeError(Reason::kFieldInvalid, "context.placement", "has characters other than [a-z0-9_-]");
  }
  if (!v1::Use_IsValid(context.use())) {
    return MakeError(Reason::kFieldInvalid, "context.use", "is not a use that this server knows");
  }
  return absl::OkStatus();
}

absl::Status ValidateToken(absl::string_view token) {
  if (token.size() <= kConsentTokenBytesMax) return absl::OkStatus();
  return MakeLimitError(Reason::kFieldTooLong, "consent_token", "has more bytes than", kConsentTokenBytesMax);
}

absl::Status ValidateMatrix(const v1::BatchAssignRequest& request) {
  const v1::FeatureMatrix& features = request.features();
  const auto rows = static_cast<size_t>(request.subject_ids_size());
  const auto cells = static_cast<size_t>(features.values_size());
  if (cells != 0 && features.columns() == 0) {
    return MakeError(Reason::kFieldRequired, "features.columns", "is required with features.values");
  }
  if (cells != 0 && cells != rows * features.columns()) {
    return MakeError(Reason::kFeatureDimensionMismatch, "features.values",
                     "must have one value for each row of subject_ids and column");
  }
  uint64_t first_allowed = 0;
  for (const uint32_t cell : features.missing_cells()) {
    if (cell < first_allowed || cell >= cells) {
      return MakeError(Reason::kValueOutOfRange, "features.missing_cells",
                       "must be strictly ascending and less than the length of features.values");
    }
    first_allowed = uint64_t{cell} + 1;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateSelectionPurpose(v1::Purpose purpose) {
  if (purpose == v1::PURPOSE_UNSPECIFIED) return MakeError(Reason::kFieldRequired, "purpose", "is required");
  const auto known = policy::PurposeFromNumber(purpose);
  if (!known) return MakeError(Reason::kPurposeUnknown, "purpose", "is not a purpose that this server knows");
  if (!policy::IsSelection(*known)) {
    return MakeError(Reason::kPurposeNotSelection, "purpose", "must be SELECT_ADVERTISING or SELECT_CONTENT");
  }
  return absl::OkStatus();
}

absl::Status SubjectIdError(absl::string_view field, absl::string_view id, const RequestLimits& limits) {
  if (id.empty()) return MakeError(Reason::kFieldRequired, field, "is required");
  return MakeLimitError(Reason::kFieldTooLong, field, "has more bytes than", limits.subject_id_bytes_max);
}

absl::Status ValidateSubject(bool present, const v1::Subject& subject, const RequestLimits& limits,
                             absl::string_view field) {
  if (!present) return MakeError(Reason::kFieldRequired, field, "is required");
  if (policy::RawSubject(subject.namespace_(), subject.id()).IsValid(limits.subject_id_bytes_max)) {
    return absl::OkStatus();
  }
  absl::Status space = ValidateNamespace(absl::StrCat(field, ".namespace"), subject.namespace_());
  return space.ok() ? SubjectIdError(absl::StrCat(field, ".id"), subject.id(), limits) : space;
}

absl::Status ValidateText(absl::string_view field, absl::string_view text, size_t bytes_max, LineFeeds line_feeds) {
  if (text.size() > bytes_max) return MakeLimitError(Reason::kFieldTooLong, field, "has more bytes than", bytes_max);
  const bool allowed = line_feeds == LineFeeds::kAllowed;
  const auto refused = [&](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && !(allowed && c == '\n');
  };
  if (std::none_of(text.begin(), text.end(), refused)) return absl::OkStatus();
  return MakeError(Reason::kFieldInvalid, field,
                   allowed ? "must have no control characters but line feeds" : "must have no control characters");
}

absl::Status ValidateJurisdiction(absl::string_view field, absl::string_view jurisdiction) {
  if (jurisdiction.empty() || policy::IsJurisdiction(jurisdiction)) return absl::OkStatus();
  return MakeError(Reason::kFieldInvalid, field, "must be an ISO 3166-1 alpha-2 or 3166-2 code, such as DE or US-CA");
}

absl::Status ValidateSignals(absl::string_view field, const v1::PrivacySignals& signals) {
  if (signals.tcf().size() > kSignalBytesMax) {
    return MakeLimitError(Reason::kFieldTooLong, absl::StrCat(field, ".tcf"), "has more bytes than", kSignalBytesMax);
  }
  if (signals.gpp().size() > kSignalBytesMax) {
    return MakeLimitError(Reason::kFieldTooLong, absl::StrCat(field, ".gpp"), "has more bytes than", kSignalBytesMax);
  }
  if (signals.gpp_sid_size() > kGppSectionsMax) {
    return MakeLimitError(Reason::kTooManyEntries, absl::StrCat(field, ".gpp_sid"), "has more entries than",
                          kGppSectionsMax);
  }
  if (!signals.us_privacy().empty() && signals.us_privacy().size() != kUsPrivacyBytes) {
    return MakeError(Reason::kFieldInvalid, absl::StrCat(field, ".us_privacy"), "must have four characters");
  }
  const std::string& jurisdiction = signals.jurisdiction();
  if (jurisdiction.empty() || policy::IsJurisdiction(jurisdiction)) return absl::OkStatus();
  return ValidateJurisdiction(absl::StrCat(field, ".jurisdiction"), signals.jurisdiction());
}

absl::Status ValidateAssign(const v1::AssignRequest& request, const RequestLimits& limits) {
  if (absl::Status status = ValidateSubject(request.has_subject(), request.subject(), limits); !status.ok())
    return status;
  if (absl::Status status = ValidateSelectionPurpose(request.purpose()); !status.ok()) return status;
  if (request.max_segments() < 0 || request.max_segments() > static_cast<int>(scoring::kSegmentsReturnedMax)) {
    return MakeLimitError(Reason::kValueOutOfRange, "max_segments", "must be 0 to", scoring::kSegmentsReturnedMax);
  }
  if (static_cast<size_t>(request.events_size()) > limits.events_per_call_max) {
    return MakeLimitError(Reason::kTooManyEntries, "events", "has more entries than", limits.events_per_call_max);
  }
  if (request.has_context()) {
    if (absl::Status status = ValidateContext(request.context()); !status.ok()) return status;
  }
  if (request.has_signals()) {
    if (absl::Status status = ValidateSignals("signals", request.signals()); !status.ok()) return status;
  }
  return ValidateToken(request.consent_token());
}

absl::Status ValidateRecordEvents(const v1::RecordEventsRequest& request, const RequestLimits& limits) {
  if (absl::Status status = ValidateSubject(request.has_subject(), request.subject(), limits); !status.ok())
    return status;
  if (request.purpose() == v1::PURPOSE_UNSPECIFIED) return MakeError(Reason::kFieldRequired, "purpose", "is required");
  const auto purpose = policy::PurposeFromNumber(request.purpose());
  if (!purpose) return MakeError(Reason::kPurposeUnknown, "purpose", "is not a purpose that this server knows");
  if (!policy::IsProfile(*purpose)) {
    return MakeError(Reason::kPurposeNotProfile, "purpose", "must be PROFILE_ADVERTISING or PROFILE_CONTENT");
  }
  if (request.events().empty()) return MakeError(Reason::kFieldRequired, "events", "is required");
  if (static_cast<size_t>(request.events_size()) > limits.events_per_call_max) {
    return MakeLimitError(Reason::kTooManyEntries, "events", "has more entries than", limits.events_per_call_max);
  }
  if (request.has_signals()) {
    if (absl::Status status = ValidateSignals("signals", request.signals()); !status.ok()) return status;
  }
  return ValidateToken(request.consent_token());
}

absl::Status ValidateBatch(const v1::BatchAssignRequest& request, const RequestLimits& limits) {
  if (absl::Status status = ValidateSelectionPurpose(request.purpose()); !status.ok()) return status;
  if (absl::Status status = ValidateContext(request.context()); !status.ok()) return status;
  if (absl::Status status = ValidateNamespace("namespace", request.namespace_()); !status.ok()) return status;
  if (absl::Status status = ValidateToken(request.consent_token()); !status.ok()) return status;
  const auto rows = static_cast<size_t>(request.subject_ids_size());
  if (rows == 0) return MakeError(Reason::kFieldRequired, "subject_ids", "is required");
  if (rows > limits.batch_rows_max) {
    return MakeLimitError(Reason::kTooManyEntries, "subject_ids", "has more entries than", limits.batch_rows_max);
  }
  if (static_cast<size_t>(request.signals_size()) > limits.batch_rows_max) {
    return MakeLimitError(Reason::kTooManyEntries, "signals", "has more entries than", limits.batch_rows_max);
  }
  if (request.signals_index_size() == 0 && request.signals_size() > 1) {
    return MakeError(Reason::kFieldRequired, "signals_index", "is required when signals has more than one entry");
  }
  if (request.signals_index_size() != 0 && request.signals_index_size() != request.subject_ids_size()) {
    return MakeError(Reason::kFieldInvalid, "signals_index", "must be empty or have one entry for each subject id");
  }
  return ValidateMatrix(request);
}

}  // namespace assent::server
