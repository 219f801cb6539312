#include "server/consent_import.h"

#include <span>
#include <utility>

#include "server/consent_row.h"
#include "server/pseudonym_text.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using storage::ImportOutcome;

absl::Status RefusalOf(ImportOutcome outcome) {
  switch (outcome) {
    case ImportOutcome::kTaken:
    case ImportOutcome::kUnchanged:
      return absl::OkStatus();
    case ImportOutcome::kErased:
      return MakeError(Reason::kSubjectErased, "", "the subject was erased");
    case ImportOutcome::kDamaged:
      return MakeError(Reason::kRecordDamaged, "", "the stored record is damaged");
  }
  return MakeError(Reason::kInternal, "", "internal error");
}

}  // namespace

absl::Status ConsentImport::CheckMessage(const v1::ImportConsentsRequest& request) {
  if (request.rows_size() > kRowsPerMessageMax) {
    return MakeLimitError(Reason::kTooManyEntries, "rows", "has more entries than", kRowsPerMessageMax);
  }
  if (++messages_ > kMessagesPerImportMax) {
    return MakeLimitError(Reason::kTooManyEntries, "", "the call has more messages than", kMessagesPerImportMax);
  }
  if (request.key_check().empty()) return absl::OkStatus();
  const auto check = KeyOfHex("key_check", request.key_check());
  if (!check.ok()) return check.status();
  if (*check != call_.KeyCheck()) {
    return MakeError(Reason::kKeyMismatch, "key_check", "the pseudonyms were made with another key than this server's");
  }
  key_checked_ = true;
  return absl::OkStatus();
}

absl::Status ConsentImport::ReadSubject(const v1::ConsentRow& row, policy::SubjectKey& subject) const {
  if (row.person_case() == v1::ConsentRow::kPseudonym) {
    if (!key_checked_) return MakeError(Reason::kFieldRequired, "key_check", "is required with pseudonyms");
    const auto key = KeyOfHex("pseudonym", row.pseudonym());
    if (key.ok()) subject = *key;
    return key.status();
  }
  if (absl::Status status = ValidateSubject(row.has_subject(), row.subject(), call_.limits()); !status.ok()) {
    return status;
  }
  subject = call_.KeyOf(row.subject());
  return absl::OkStatus();
}

void ConsentImport::Count(const absl::Status& refusal, ImportOutcome outcome) {
  const uint64_t row = rows_++;
  if (refusal.ok()) {
    if (outcome == ImportOutcome::kTaken) {
      answer_.set_rows_taken(answer_.rows_taken() + 1);
    } else {
      answer_.set_rows_unchanged(answer_.rows_unchanged() + 1);
    }
    return;
  }
  answer_.set_rows_refused(answer_.rows_refused() + 1);
  if (answer_.refused_size() == kRefusedRowsMax) return;
  v1::RefusedRow& refused = *answer_.add_refused();
  refused.set_row(row);
  refused.set_field(FieldOf(refusal));
  refused.set_reason(ReasonOf(refusal));
}

v1::ImportConsentsRequest& ConsentImport::Next() {
  if (held_count_ == held_.size()) held_.push_back(std::make_unique<v1::ImportConsentsRequest>());
  return *held_[held_count_];
}

absl::Status ConsentImport::Take(absl::Time now) {
  const v1::ImportConsentsRequest& request = *held_[held_count_];
  if (absl::Status status = CheckMessage(request); !status.ok()) return status;
  ++held_count_;
  const auto notice_terms = [this](absl::string_view id, absl::string_view version) {
    return notices_.Terms(id, version);
  };
  for (const v1::ConsentRow& row : request.rows()) {
    if (imported_count_ == imported_.size()) imported_.emplace_back();
    storage::ImportedRow& imported = imported_[imported_count_];
    absl::Status fault = ReadSubject(row, imported.subject);
    if (fault.ok()) fault = ReadRow(row, now, notice_terms, imported);
    if (fault.ok()) ++imported_count_;
    faults_.push_back(std::move(fault));
  }
  return faults_.size() < kRowsTogether ? absl::OkStatus() : Record(now);
}

absl::Status ConsentImport::Record(absl::Time now) {
  outcomes_.resize(imported_count_);
  const auto rows = std::span<const storage::ImportedRow>(imported_).first(imported_count_);
  absl::Status status = call_.store().Import(rows, recorded_by_, now, outcomes_);
  if (!status.ok()) return ReportStoreError(status);
  size_t next = 0;
  for (const absl::Status& fault : faults_) {
    const ImportOutcome outcome = fault.ok() ? outcomes_[next++] : ImportOutcome::kUnchanged;
    Count(fault.ok() ? RefusalOf(outcome) : fault, outcome);
  }
  faults_.clear();
  imported_count_ = 0;
  held_count_ = 0;
  return absl::OkStatus();
}

absl::Status ConsentImport::Finish(absl::Time now, v1::ImportConsentsResponse& response) {
  if (absl::Status status = Record(now); !status.ok()) return status;
  response = std::move(answer_);
  response.set_consent_token(call_.TokenOf(call_.store().applied()));
  return absl::OkStatus();
}

}  // namespace assent::server
