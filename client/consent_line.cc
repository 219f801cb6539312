#include "client/consent_line.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/event_time.h"

namespace assent::client {
namespace {

constexpr char kInvalid[] = "FIELD_INVALID";
constexpr char kStatusPrefix[] = "CONSENT_STATUS_";
constexpr char kPurposePrefix[] = "PURPOSE_";
constexpr char kBasisPrefix[] = "LEGAL_BASIS_";

absl::string_view CellOf(const ConsentCells& cells, ConsentColumn column) { return cells[static_cast<size_t>(column)]; }

RefusedLine Fault(ConsentColumn column, const char* reason = kInvalid) {
  return {.line = 0, .field = std::string(kConsentColumns[static_cast<size_t>(column)]), .reason = reason};
}

// A value of an enum by its name without the prefix, in either case. False: there is none.
template <typename Enum>
bool ParseEnum(absl::string_view prefix, absl::string_view text, bool (*parse)(const std::string&, Enum*), Enum& out) {
  return parse(absl::StrCat(prefix, absl::AsciiStrToUpper(text)), &out);
}

bool ParseTime(absl::string_view text, google::protobuf::Timestamp& out) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return false;
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return false;
  const int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return true;
}

// Whether it is a flag at all.
bool ParseFlag(absl::string_view text, bool& out) {
  out = text == "true" || text == "1";
  return out || text.empty() || text == "false" || text == "0";
}

// What all purposes of a line share.
std::optional<RefusedLine> ParseTerms(const ConsentCells& cells, v1::PurposeConsent& purpose) {
  using Column = ConsentColumn;
  v1::ConsentStatus status = v1::CONSENT_STATUS_UNSPECIFIED;
  const absl::string_view status_text = CellOf(cells, Column::kStatus);
  if (status_text.empty()) return Fault(Column::kStatus, "FIELD_REQUIRED");
  if (!ParseEnum<v1::ConsentStatus>(kStatusPrefix, status_text, v1::ConsentStatus_Parse, status)) {
    return Fault(Column::kStatus);
  }
  purpose.set_status(status);
  if (const absl::string_view basis_text = CellOf(cells, Column::kLegalBasis); !basis_text.empty()) {
    v1::LegalBasis basis = v1::LEGAL_BASIS_UNSPECIFIED;
    if (!ParseEnum<v1::LegalBasis>(kBasisPrefix, basis_text, v1::LegalBasis_Parse, basis)) {
      return Fault(Column::kLegalBasis);
    }
    purpose.set_legal_basis(basis);
  }
  const absl::string_view given = CellOf(cells, Column::kGivenTime);
  if (given.empty()) return Fault(Column::kGivenTime, "FIELD_REQUIRED");
  if (!ParseTime(given, *purpose.mutable_given_time())) return Fault(Column::kGivenTime);
  const absl::string_view expires = CellOf(cells, Column::kExpireTime);
  if (!expires.empty() && !ParseTime(expires, *purpose.mutable_expire_time())) return Fault(Column::kExpireTime);
  const auto set = [&](Column column, std::string& field) {
    const absl::string_view cell = CellOf(cells, column);
    field.assign(cell.data(), cell.size());
  };
  set(Column::kNoticeId, *purpose.mutable_notice_id());
  set(Column::kNoticeVersion, *purpose.mutable_notice_version());
  set(Column::kJurisdiction, *purpose.mutable_jurisdiction());
  return std::nullopt;
}

// The texts of what all purposes of a line share.
ConsentTexts TermsText(const v1::PurposeConsent& purpose) {
  ConsentTexts texts;
  const auto set = [&](ConsentColumn column, std::string text) {
    texts[static_cast<size_t>(column)] = std::move(text);
  };
  const auto name = [](const std::string& full, absl::string_view prefix) {
    return absl::AsciiStrToLower(absl::StripPrefix(full, prefix));
  };
  const auto time_text = [](const google::protobuf::Timestamp& time) {
    return EventTimeText(time.seconds() * 1'000'000 + time.nanos() / 1000);
  };
  set(ConsentColumn::kStatus, name(v1::ConsentStatus_Name(purpose.status()), kStatusPrefix));
  if (purpose.legal_basis() != v1::LEGAL_BASIS_UNSPECIFIED) {
    set(ConsentColumn::kLegalBasis, name(v1::LegalBasis_Name(purpose.legal_basis()), kBasisPrefix));
  }
  set(ConsentColumn::kGivenTime, time_text(purpose.given_time()));
  if (purpose.has_expire_time()) set(ConsentColumn::kExpireTime, time_text(purpose.expire_time()));
  set(ConsentColumn::kNoticeId, purpose.notice_id());
  set(ConsentColumn::kNoticeVersion, purpose.notice_version());
  set(ConsentColumn::kJurisdiction, purpose.jurisdiction());
  return texts;
}

}  // namespace

std::optional<ConsentColumn> ConsentColumnOf(absl::string_view name) {
  const auto found = std::find(kConsentColumns.begin(), kConsentColumns.end(), name);
  if (found == kConsentColumns.end()) return std::nullopt;
  return static_cast<ConsentColumn>(found - kConsentColumns.begin());
}

std::optional<RefusedLine> ParseConsentCells(const ConsentCells& cells, v1::ConsentRow& row) {
  using Column = ConsentColumn;
  const absl::string_view pseudonym = CellOf(cells, Column::kPseudonym);
  const absl::string_view id = CellOf(cells, Column::kId);
  if (!pseudonym.empty() && !id.empty()) return Fault(Column::kPseudonym);
  if (!pseudonym.empty()) {
    row.set_pseudonym(pseudonym.data(), pseudonym.size());
  } else {
    const absl::string_view name_space = CellOf(cells, Column::kNamespace);
    row.mutable_subject()->set_namespace_(name_space.data(), name_space.size());
    row.mutable_subject()->set_id(id.data(), id.size());
  }
  bool flag = false;
  if (!ParseFlag(CellOf(cells, Column::kRestricted), flag)) return Fault(Column::kRestricted);
  row.set_restricted(flag);
  if (!ParseFlag(CellOf(cells, Column::kChild), flag)) return Fault(Column::kChild);
  row.set_child(flag);
  for (const absl::string_view name : absl::StrSplit(CellOf(cells, Column::kPurposes), ' ', absl::SkipEmpty())) {
    v1::Purpose number = v1::PURPOSE_UNSPECIFIED;
    if (!ParseEnum<v1::Purpose>(kPurposePrefix, name, v1::Purpose_Parse, number)) {
      return Fault(Column::kPurposes, "PURPOSE_UNKNOWN");
    }
    v1::PurposeConsent& purpose = *row.add_purposes();
    if (row.purposes_size() == 1) {
      if (auto fault = ParseTerms(cells, purpose)) return fault;
    } else {
      purpose = row.purposes(0);
    }
    purpose.set_purpose(number);
  }
  return std::nullopt;
}

std::vector<ConsentTexts> LinesOfRow(const v1::ConsentRow& row) {
  std::vector<ConsentTexts> lines;
  constexpr auto kPurposes = static_cast<size_t>(ConsentColumn::kPurposes);
  std::vector<std::string> names;  // of the purposes of each line
  for (const v1::PurposeConsent& purpose : row.purposes()) {
    ConsentTexts texts = TermsText(purpose);
    const std::string name =
        absl::AsciiStrToLower(absl::StripPrefix(v1::Purpose_Name(purpose.purpose()), kPurposePrefix));
    const auto same = std::find(lines.begin(), lines.end(), texts);
    if (same == lines.end()) {
      lines.push_back(std::move(texts));
      names.push_back(name);
    } else {
      absl::StrAppend(&names[static_cast<size_t>(same - lines.begin())], " ", name);
    }
  }
  if (lines.empty()) {
    lines.emplace_back();
    names.emplace_back();
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i][kPurposes] = std::move(names[i]);
    lines[i][static_cast<size_t>(ConsentColumn::kPseudonym)] = row.pseudonym();
    if (row.restricted()) lines[i][static_cast<size_t>(ConsentColumn::kRestricted)] = "true";
    if (row.child()) lines[i][static_cast<size_t>(ConsentColumn::kChild)] = "true";
  }
  return lines;
}

}  // namespace assent::client
