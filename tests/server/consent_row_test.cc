#include "server/consent_row.h"

#include "gtest/gtest.h"
#include "server/pseudonym_text.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using policy::ConsentStatus;

const absl::Time kImportTime = absl::FromUnixSeconds(1'700'000'000);

// Of every purpose but the last.
std::optional<storage::NoticeTerms> RegisteredTerms(absl::string_view id, absl::string_view version) {
  if (id != "banner" || version != "7") return std::nullopt;
  return storage::NoticeTerms{
      .ordinal = 5, .purpose_bits = policy::kAllPurposeBits & ~policy::PurposeBit(policy::Purpose::kImproveService)};
}

v1::ConsentRow GrantRow() {
  v1::ConsentRow row;
  row.mutable_subject()->set_namespace_("login");
  row.mutable_subject()->set_id("ada");
  v1::PurposeConsent& purpose = *row.add_purposes();
  purpose.set_purpose(v1::PURPOSE_SELECT_CONTENT);
  purpose.set_status(v1::CONSENT_STATUS_GRANTED);
  purpose.mutable_given_time()->set_seconds(1'600'000'000);
  purpose.mutable_given_time()->set_nanos(123'456'789);
  purpose.set_notice_id("banner");
  purpose.set_notice_version("7");
  return row;
}

TEST(ConsentRow, EverythingOfAGrantIsRead) {
  v1::ConsentRow row = GrantRow();
  v1::PurposeConsent& purpose = *row.mutable_purposes(0);
  purpose.mutable_expire_time()->set_seconds(1'650'000'000);  // the past is allowed
  purpose.set_notice_id("banner");
  purpose.set_notice_version("7");
  purpose.set_jurisdiction("US-CA");
  purpose.set_method(v1::COLLECTION_METHOD_EXPLICIT);  // not looked at
  row.set_child(true);
  storage::ImportedRow read;
  read.purposes.resize(3);  // of the row before
  ASSERT_TRUE(ReadRow(row, kImportTime, RegisteredTerms, read).ok());
  ASSERT_EQ(read.purposes.size(), 1u);
  EXPECT_EQ(read.purposes[0].purpose, policy::Purpose::kSelectContent);
  EXPECT_EQ(read.purposes[0].status, ConsentStatus::kGranted);
  EXPECT_EQ(read.purposes[0].legal_basis, v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(read.purposes[0].given_time_us, 1'600'000'000'123'456);
  EXPECT_EQ(read.purposes[0].expire_time_s, 1'650'000'000u);
  EXPECT_EQ(read.purposes[0].notice_id, "banner");
  EXPECT_EQ(read.purposes[0].notice_version, "7");
  EXPECT_EQ(read.purposes[0].jurisdiction, "US-CA");
  EXPECT_TRUE(read.child);
  EXPECT_FALSE(read.restricted);
}

TEST(ConsentRow, BadRowsNameTheField) {
  using Row = v1::ConsentRow;
  const auto broken = [](const char* reason, const char* field, auto change) {
    Row row = GrantRow();
    change(row);
    storage::ImportedRow read;
    const absl::Status status = ReadRow(row, kImportTime, RegisteredTerms, read);
    EXPECT_EQ(ReasonOf(status), reason) << row.ShortDebugString();
    EXPECT_EQ(FieldOf(status), field) << row.ShortDebugString();
  };
  broken("FIELD_REQUIRED", "purposes", [](Row& r) { r.clear_purposes(); });
  broken("TOO_MANY_ENTRIES", "purposes", [](Row& r) {
    while (r.purposes_size() < 17) *r.add_purposes() = r.purposes(0);
  });
  broken("ENTRY_REPEATED", "purposes[1].purpose", [](Row& r) { *r.add_purposes() = r.purposes(0); });
  const auto broken_purpose = [&](const char* reason, const char* field, auto change) {
    broken(reason, field, [&](Row& r) {
      *r.add_purposes() = r.purposes(0);
      r.mutable_purposes(1)->set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
      change(*r.mutable_purposes(1));
    });
  };
  using Said = v1::PurposeConsent;
  broken_purpose("FIELD_REQUIRED", "purposes[1].purpose", [](Said& p) { p.clear_purpose(); });
  broken_purpose("PURPOSE_UNKNOWN", "purposes[1].purpose", [](Said& p) { p.set_purpose(static_cast<v1::Purpose>(7)); });
  broken_purpose("FIELD_REQUIRED", "purposes[1].status", [](Said& p) { p.clear_status(); });
  broken_purpose("FIELD_INVALID", "purposes[1].status",
                 [](Said& p) { p.set_status(static_cast<v1::ConsentStatus>(4)); });
  broken_purpose("FIELD_REQUIRED", "purposes[1].given_time", [](Said& p) { p.clear_given_time(); });
  for (const int64_t seconds : {int64_t{0}, int64_t{-1}, int64_t{1'700'000'001}, int64_t{1} << 62}) {
    broken_purpose("VALUE_OUT_OF_RANGE", "purposes[1].given_time",
                   [&](Said& p) { p.mutable_given_time()->set_seconds(seconds); });
  }
  broken_purpose("VALUE_OUT_OF_RANGE", "purposes[1].given_time", [](Said& p) {
    p.mutable_given_time()->set_seconds(1'700'000'000);
    p.mutable_given_time()->set_nanos(1'000);  // a microsecond after now
  });
  broken_purpose("VALUE_OUT_OF_RANGE", "purposes[1].expire_time", [](Said& p) { p.mutable_expire_time(); });
  broken_purpose("FIELD_INVALID", "purposes[1].legal_basis",
                 [](Said& p) { p.set_legal_basis(static_cast<v1::LegalBasis>(9)); });
  broken_purpose("LEGAL_BASIS_NOT_ALLOWED", "purposes[1].legal_basis",
                 [](Said& p) { p.set_legal_basis(v1::LEGAL_BASIS_LEGITIMATE_INTEREST); });
  broken_purpose("FIELD_TOO_LONG", "purposes[1].notice_id", [](Said& p) { p.set_notice_id(std::string(129, 'n')); });
  broken_purpose("FIELD_INVALID", "purposes[1].notice_version", [](Said& p) { p.set_notice_version("1\n"); });
  broken_purpose("FIELD_INVALID", "purposes[1].jurisdiction", [](Said& p) { p.set_jurisdiction("Mars"); });
}

TEST(ConsentRow, ADenialNeedsNoTermsAndAFlagNoPurpose) {
  v1::ConsentRow row = GrantRow();
  row.mutable_purposes(0)->set_status(v1::CONSENT_STATUS_OPTED_OUT);
  row.mutable_purposes(0)->set_legal_basis(v1::LEGAL_BASIS_LEGITIMATE_INTEREST);
  storage::ImportedRow read;
  EXPECT_TRUE(ReadRow(row, kImportTime, RegisteredTerms, read).ok());
  EXPECT_EQ(read.purposes[0].status, ConsentStatus::kOptedOut);
  row.clear_purposes();
  row.set_restricted(true);
  EXPECT_TRUE(ReadRow(row, kImportTime, RegisteredTerms, read).ok());
  EXPECT_TRUE(read.purposes.empty());
  EXPECT_TRUE(read.restricted);
}

TEST(ConsentRow, ARecordBecomesARowThatSaysWhenThePersonActed) {
  internal::v1::ConsentRecord record;
  record.set_restricted(true);
  auto* direct = record.add_purposes();
  direct->set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  direct->set_status(v1::CONSENT_STATUS_GRANTED);
  direct->set_update_time_us(1'600'000'000'000'001);
  direct->set_notice_id("banner");
  direct->set_notice_version("7");
  auto* imported = record.add_purposes();
  *imported = *direct;
  imported->set_purpose(v1::PURPOSE_SELECT_CONTENT);
  imported->set_given_time_us(1'500'000'000'000'001);
  policy::SubjectKey key;
  key.bytes[15] = 0xAB;
  v1::ConsentRow row;
  FillRow(key, record, row);
  EXPECT_EQ(row.pseudonym(), "000000000000000000000000000000ab");
  EXPECT_TRUE(row.restricted());
  storage::ImportedRow read;
  ASSERT_TRUE(ReadRow(row, kImportTime, RegisteredTerms, read).ok());
  EXPECT_EQ(read.purposes[0].given_time_us, 1'600'000'000'000'001);
  EXPECT_EQ(read.purposes[1].given_time_us, 1'500'000'000'000'001);
}

TEST(ConsentRow, HexThereAndBack) {
  policy::SubjectKey key;
  for (size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<uint8_t>(17 * i);
  EXPECT_EQ(*KeyOfHex("pseudonym", HexOf(key)), key);
  EXPECT_EQ(*KeyOfHex("pseudonym", "00112233445566778899AABBCCDDEEFF"), key);
  for (const char* wrong : {"", "0011", "00112233445566778899aabbccddeef", "00112233445566778899aabbccddeeff0",
                            "00112233445566778899aabbccddeefg"}) {
    const auto read = KeyOfHex("pseudonym", wrong);
    EXPECT_EQ(ReasonOf(read.status()), "FIELD_INVALID") << wrong;
    EXPECT_EQ(FieldOf(read.status()), "pseudonym");
  }
}

}  // namespace
}  // namespace assent::server
