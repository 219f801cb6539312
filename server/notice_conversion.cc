#include "server/notice_conversion.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/purpose.h"
#include "server/consent_conversion.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

constexpr size_t kTextBytesMax = 1000;
constexpr size_t kLanguageBytesMax = 35;
constexpr size_t kControllerTypeBytesMax = 64;
constexpr int kListEntriesMax = 32;
constexpr int kControllersMax = 8;

absl::Status CheckRequired(absl::string_view field, const std::string& text, size_t bytes_max = kTextBytesMax) {
  if (text.empty()) return MakeError(Reason::kFieldRequired, field, "is required");
  return ValidateText(field, text, bytes_max);
}

absl::Status CheckCount(absl::string_view field, int entries, int entries_max) {
  if (entries == 0) return MakeError(Reason::kFieldRequired, field, "is required");
  if (entries <= entries_max) return absl::OkStatus();
  return MakeLimitError(Reason::kTooManyEntries, field, "has more entries than", static_cast<uint64_t>(entries_max));
}

absl::Status CheckList(absl::string_view field, const google::protobuf::RepeatedPtrField<std::string>& entries) {
  absl::Status status = CheckCount(field, entries.size(), kListEntriesMax);
  for (int i = 0; status.ok() && i < entries.size(); ++i) {
    status = CheckRequired(absl::StrCat(field, "[", i, "]"), entries[i]);
  }
  return status;
}

// BCP 47 is letters, digits and hyphens.
absl::Status CheckLanguage(const std::string& language) {
  if (absl::Status status = CheckRequired("notice.language", language, kLanguageBytesMax); !status.ok()) return status;
  const bool valid = std::all_of(language.begin(), language.end(),
                                 [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-'; });
  if (valid) return absl::OkStatus();
  return MakeError(Reason::kFieldInvalid, "notice.language",
                   "must be a language tag as in BCP 47, such as de or en-GB");
}

absl::Status CheckController(const std::string& field, const v1::Controller& controller) {
  absl::Status status = CheckRequired(field + ".name", controller.name());
  if (status.ok()) status = CheckRequired(field + ".address", controller.address());
  if (status.ok()) status = CheckRequired(field + ".contact", controller.contact());
  if (status.ok()) status = ValidateText(field + ".type", controller.type(), kControllerTypeBytesMax);
  return status;
}

absl::Status CheckControllers(const v1::Notice& notice) {
  absl::Status status = CheckCount("notice.controllers", notice.controllers_size(), kControllersMax);
  for (int i = 0; status.ok() && i < notice.controllers_size(); ++i) {
    status = CheckController(absl::StrCat("notice.controllers[", i, "]"), notice.controllers(i));
  }
  return status;
}

absl::Status CheckTexts(const v1::Notice& notice) {
  absl::Status status = ValidateNoticeName("notice.", notice.notice_id(), notice.notice_version());
  if (status.ok()) status = CheckLanguage(notice.language());
  if (status.ok()) status = CheckList("notice.data_categories", notice.data_categories());
  if (status.ok()) status = CheckControllers(notice);
  if (status.ok()) status = CheckList("notice.storage_locations", notice.storage_locations());
  if (status.ok()) status = CheckRequired("notice.retention", notice.retention());
  if (status.ok()) status = CheckList("notice.recipients", notice.recipients());
  if (status.ok()) status = CheckRequired("notice.withdrawal_method", notice.withdrawal_method());
  if (status.ok()) status = CheckRequired("notice.jurisdiction", notice.jurisdiction());
  if (status.ok()) status = ValidateJurisdiction("notice.jurisdiction", notice.jurisdiction());
  if (status.ok()) status = ValidateText("notice.uri", notice.uri(), kTextBytesMax);
  return status;
}

}  // namespace

absl::StatusOr<internal::v1::NoticeRecord> ReadNotice(const v1::Notice& notice, absl::Time now) {
  if (absl::Status status = CheckTexts(notice); !status.ok()) return status;
  if (notice.purposes_size() == 0) return MakeError(Reason::kFieldRequired, "notice.purposes", "is required");
  const auto bits = ReadPurposes("notice.purposes", notice.purposes());
  if (!bits.ok()) return bits.status();
  v1::Notice kept = notice;
  kept.clear_register_time();
  kept.clear_registered_by();
  kept.clear_outdated();
  internal::v1::NoticeRecord record;
  record.set_id(notice.notice_id());
  record.set_version(notice.notice_version());
  record.set_notice(kept.SerializeAsString());
  record.set_purpose_bits(*bits);
  record.set_requires_new_consent(notice.requires_new_consent());
  record.set_time_us(absl::ToUnixMicros(now));
  record.set_jurisdiction(notice.jurisdiction());
  return record;
}

void FillNotice(const storage::RegisteredNotice& notice, v1::Notice& out) {
  // Bytes that this server wrote and checked; of a later version's fields it keeps what it does not know.
  if (!out.ParseFromString(notice.record.notice())) out.Clear();
  FillTime(absl::FromUnixMicros(notice.record.time_us()), *out.mutable_register_time());
  out.set_registered_by(notice.record.recorded_by());
  out.set_outdated(notice.outdated);
}

absl::Status BindNotice(const storage::NoticeStore& notices, storage::ConsentRequest& grant) {
  auto notice = notices.Terms(grant.terms.notice_id, grant.terms.notice_version);
  if (!notice) {
    return MakeError(Reason::kNoticeNotRegistered, "notice_version",
                     "is not a registered version of the notice; register it first");
  }
  if (notice->outdated) {
    return MakeError(Reason::kNoticeOutdated, "notice_version",
                     "is outdated by a later version that asks for more; show that one");
  }
  for (size_t i = 0; i < grant.grants.size(); ++i) {
    if ((notice->purpose_bits & policy::PurposeBit(grant.grants[i].purpose)) != 0) continue;
    return MakeError(Reason::kPurposeNotInNotice, absl::StrCat("grants[", i, "].purpose"),
                     "is not a purpose of the notice");
  }
  grant.terms.notice_ordinal = notice->ordinal;
  if (grant.terms.jurisdiction.empty()) grant.terms.jurisdiction = std::move(notice->jurisdiction);
  return absl::OkStatus();
}

}  // namespace assent::server
