#include "server/subject_export.h"

#include <rocksdb/db.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "google/protobuf/util/json_util.h"
#include "server/subject_view.h"
#include "storage/consent_change.h"
#include "storage/record_codec.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class SubjectExportTest : public PipelineTest {
 protected:
  storage::ConsentRequest ChangeOf(internal::v1::ConsentChangeKind kind) const {
    storage::ConsentRequest request;
    request.subject = key_;
    request.kind = kind;
    request.recorded_by = "spiffe://a/centre";
    return request;
  }
  void MustApply(storage::ConsentRequest request) {
    const auto result = store_->Apply(std::move(request), absl::FromUnixMicros(kNowUs));
    ASSERT_TRUE(result.ok()) << result.status();
  }
  v1::SubjectExport Export() {
    v1::SubjectExport document;
    const auto record = store_->Get(key_);
    EXPECT_TRUE(record.ok()) << record.status();
    const absl::Status status = FillExport(*store_, key_, record->record, absl::FromUnixMicros(kNowUs), document);
    EXPECT_TRUE(status.ok()) << status;
    SubjectView view(pipeline_->sources());
    view.FillProfiles(key_, kNowUs, document);
    return document;
  }
  void Contest(const std::string& statement) {
    storage::ConsentRequest request = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES);
    request.preference = {.segment_id = "light", .statement = statement};
    MustApply(request);
  }
  void Refuse(const std::string& segment) {
    storage::ConsentRequest request = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES);
    request.preference = {.segment_id = segment};
    MustApply(request);
  }

  const policy::SubjectKey key_ = pseudonymizer_.Pseudonymize(policy::RawSubject("cookie", "ada"));
};

TEST_F(SubjectExportTest, EverythingThatIsKeptIsInTheJsonAndComesBackFromIt) {
  model_.Publish(ProfileModel());
  Grant("ada");
  Grant("ada", policy::Purpose::kProfileAdvertising);
  auto event = Event("ada", {});
  *event.add_events() = PurchaseEvent("a", 12.5, kNowUs);
  ASSERT_TRUE(Decide(event).ok());
  Contest("No, \"never\",\nand “ever”");
  Refuse("light");
  const v1::SubjectExport document = Export();
  const auto text = ExportText(document, v1::EXPORT_FORMAT_JSON);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->find("ada"), std::string::npos);
  v1::SubjectExport again;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*text, &again).ok());
  EXPECT_EQ(again.SerializeAsString(), document.SerializeAsString()) << *text;
  EXPECT_EQ(again.consent().purposes_size(), 2);
  EXPECT_EQ(again.state().contests(0).statement(), "No, \"never\",\nand “ever”");
  ASSERT_EQ(again.history_size(), 4);
  EXPECT_EQ(again.history(0).kind(), v1::CONSENT_CHANGE_KIND_SET_PREFERENCES);
  EXPECT_EQ(again.history(0).refused_segment_ids(0), "light");
  EXPECT_EQ(again.history(0).recorded_by(), "spiffe://a/centre");
  EXPECT_EQ(again.history(3).revision(), 1u);
  EXPECT_EQ(again.history(3).purposes(0).purpose(), v1::PURPOSE_SELECT_ADVERTISING);
  EXPECT_FALSE(again.history_cut());
  ASSERT_EQ(again.profiles_size(), 1);
  ASSERT_EQ(again.profiles(0).features_size(), 2) << "what a call brings is not kept";
  EXPECT_EQ(again.profiles(0).features(0).feature(), "purchases");
  EXPECT_EQ(again.profiles(0).features(0).value(), 1);
  EXPECT_EQ(again.profiles(0).features(1).value(), 12.5);
}

TEST_F(SubjectExportTest, CsvHasARowForEachValueAndQuotesWhatItMust) {
  Grant("ada");
  Contest("No, \"never\"");
  const auto text = ExportText(Export(), v1::EXPORT_FORMAT_CSV);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->substr(0, 13), "field,value\r\n");
  for (const char* row :
       {"export_time,2023-11-14T22:13:20Z\r\n", "consent.purposes[0].status,CONSENT_STATUS_GRANTED\r\n",
        "consent.revision,2\r\n", "state.contests[0].statement,\"No, \"\"never\"\"\"\r\n",
        "history[1].kind,CONSENT_CHANGE_KIND_GRANT\r\n"}) {
    EXPECT_NE(text->find(row), std::string::npos) << row << *text;
  }
  EXPECT_FALSE(ExportText(Export(), static_cast<v1::ExportFormat>(9)).ok());
}

TEST_F(SubjectExportTest, AProfileIsShownWhereItIsKeptThoughNothingMayBeDoneWithIt) {
  model_.Publish(ProfileModel());
  Grant("ada", policy::Purpose::kProfileAdvertising);
  Grant("ada");
  auto event = Event("ada", {});
  *event.add_events() = PurchaseEvent("a", 12.5, kNowUs);
  ASSERT_TRUE(Decide(event).ok());
  const auto spend = [&] {
    const v1::SubjectExport document = Export();
    return document.profiles_size() == 0 ? -1 : document.profiles(0).features(1).value();
  };
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT));
  ASSERT_TRUE(Decide(event).ok());
  EXPECT_EQ(decision_.rule, policy::Rule::kSubjectRestricted);
  EXPECT_EQ(spend(), 12.5);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD));
  EXPECT_EQ(spend(), -1) << "a child has none";
}

TEST_F(SubjectExportTest, LinksAreShownByPseudonym) {
  Link("ada", "phone");
  Link("ada", "laptop");
  const auto hex = [&](const char* id) {
    const policy::SubjectKey key = KeyOf(id);
    return absl::BytesToHexString({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
  };
  std::vector<std::string> expected = {hex("phone"), hex("laptop")};
  std::sort(expected.begin(), expected.end());
  const v1::SubjectExport document = Export();
  EXPECT_EQ(std::vector<std::string>(document.links().linked().begin(), document.links().linked().end()), expected);
  EXPECT_EQ(document.links().person(), "");
  EXPECT_EQ(document.history(0).kind(), v1::CONSENT_CHANGE_KIND_LINK);
  const auto text = ExportText(document, v1::EXPORT_FORMAT_JSON);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->find(hex("ada")), std::string::npos) << "not its own";
  v1::SubjectExport of_phone;
  ASSERT_TRUE(
      FillExport(*store_, KeyOf("phone"), store_->Get(KeyOf("phone"))->record, absl::FromUnixMicros(kNowUs), of_phone)
          .ok());
  EXPECT_EQ(of_phone.links().person(), hex("ada"));
  EXPECT_EQ(of_phone.links().linked_size(), 0);
  EXPECT_TRUE(of_phone.history(0).by_link());
}

TEST_F(SubjectExportTest, AfterAnErasureThereIsNothingButTheTombstone) {
  model_.Publish(ProfileModel());
  Grant("ada", policy::Purpose::kProfileAdvertising);
  Grant("ada");
  auto event = Event("ada", {});
  *event.add_events() = PurchaseEvent("a", 12.5, kNowUs);
  ASSERT_TRUE(Decide(event).ok());
  Refuse("light");
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE));
  v1::SubjectExport expected;
  expected.mutable_export_time()->set_seconds(kNowUs / 1'000'000);
  expected.mutable_consent()->set_erased(true);
  expected.mutable_consent()->set_revision(4);
  expected.mutable_consent()->set_etag("r4");
  expected.mutable_state()->set_erased(true);
  expected.mutable_state()->mutable_erase_time()->set_seconds(kNowUs / 1'000'000);
  expected.mutable_state()->set_revision(4);
  expected.mutable_state()->set_etag("r4");
  EXPECT_EQ(Export().SerializeAsString(), expected.SerializeAsString()) << Export().ShortDebugString();
}

TEST_F(SubjectExportTest, ALongHistoryIsCutAtItsOldEnd) {
  Grant("ada");
  internal::v1::ConsentChange change;
  for (int i = 0; i < 64; ++i) {
    change.mutable_preferences()->add_refused_segments(std::to_string(100 + i) + std::string(125, 's'));
  }
  rocksdb::WriteBatch batch;
  for (uint64_t revision = 2; revision <= 600; ++revision) {  // some 5 MB
    const std::string key = storage::HistoryKey(key_, revision);
    batch.Put(database_->family(storage::Family::kConsentHistory), key,
              database_->codec(storage::Family::kConsentHistory).Encode(key, change));
  }
  ASSERT_TRUE(database_->rocks().Write({}, &batch).ok());
  const v1::SubjectExport document = Export();
  EXPECT_TRUE(document.history_cut());
  EXPECT_EQ(document.history(0).revision(), 600u);
  EXPECT_LE(document.ByteSizeLong(), kExportedHistoryBytesMax + 64 * 1024);
  EXPECT_GT(document.ByteSizeLong(), kExportedHistoryBytesMax * 9 / 10);
}

TEST(ExportChunks, AreOf64KiBAndEndWhenNobodyListens) {
  const std::string text(kExportChunkBytes * 2 + 1, 't');
  std::string together;
  std::vector<size_t> sizes;
  ForEachChunk(text, [&](absl::string_view part) {
    together.append(part.data(), part.size());
    sizes.push_back(part.size());
    return true;
  });
  EXPECT_EQ(together, text);
  EXPECT_EQ(sizes, (std::vector<size_t>{kExportChunkBytes, kExportChunkBytes, 1}));
  int sent = 0;
  ForEachChunk(text, [&](absl::string_view) { return ++sent < 2; });
  EXPECT_EQ(sent, 2);
}

}  // namespace
}  // namespace assent::server
