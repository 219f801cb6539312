#include "server/consent_import.h"

#include <rocksdb/db.h>

#include <thread>

#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "server/consent_row.h"
#include "server/consent_service.h"
#include "server/pseudonym_text.h"
#include "server/role_table.h"
#include "storage/consent_change.h"
#include "tests/server/error_info.h"
#include "tests/server/pipeline_fixture.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

// The service behind gRPC in this process.
class ConsentImportTest : public PipelineTest {
 protected:
  ConsentImportTest() {
    auto opened = storage::NoticeStore::Open(*database_, *store_, index_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    notices_ = *std::move(opened);
    internal::v1::NoticeRecord notice;
    notice.set_id("banner");
    notice.set_version("7");
    notice.set_purpose_bits(policy::kAllPurposeBits);
    EXPECT_TRUE(notices_->Register(notice).ok());
    Serve("privacy");
  }
  void Serve(const char* role) {
    if (server_ != nullptr) server_->Shutdown();
    authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), RoleBitFromName(role));
    service_ =
        std::make_unique<ConsentService>(ControlCall(pseudonymizer_, *store_, *authorizer_, metrics_, RequestLimits()),
                                         *notices_, policy::SignalPolicy(), jurisdictions_, nullptr);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::ConsentService::NewStub(server_->InProcessChannel({}));
  }
  ~ConsentImportTest() override { server_->Shutdown(); }

  std::string KeyCheck() const { return HexOf(pseudonymizer_.CheckValue()); }
  std::string PseudonymOf(const std::string& id) const {
    return HexOf(pseudonymizer_.Pseudonymize(policy::RawSubject("cookie", id)));
  }
  static v1::ConsentRow Row(const std::string& id, v1::ConsentStatus status = v1::CONSENT_STATUS_GRANTED,
                            int64_t given_s = 1'600'000'000) {
    v1::ConsentRow row;
    row.mutable_subject()->set_namespace_("cookie");
    row.mutable_subject()->set_id(id);
    v1::PurposeConsent& purpose = *row.add_purposes();
    purpose.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
    purpose.set_status(status);
    purpose.mutable_given_time()->set_seconds(given_s);
    purpose.set_notice_id("banner");
    purpose.set_notice_version("7");
    return row;
  }
  static v1::ImportConsentsRequest MessageOf(const std::vector<v1::ConsentRow>& rows) {
    v1::ImportConsentsRequest message;
    for (const v1::ConsentRow& row : rows) *message.add_rows() = row;
    return message;
  }
  grpc::Status Import(const std::vector<v1::ImportConsentsRequest>& messages) {
    grpc::ClientContext context;
    answer_.Clear();
    const auto writer = stub_->ImportConsents(&context, &answer_);
    for (const v1::ImportConsentsRequest& message : messages) {
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }
  std::vector<v1::ExportConsentsResponse> Export(const std::string& after = "") {
    grpc::ClientContext context;
    v1::ExportConsentsRequest request;
    request.set_after_pseudonym(after);
    const auto reader = stub_->ExportConsents(&context, request);
    std::vector<v1::ExportConsentsResponse> messages;
    for (v1::ExportConsentsResponse message; reader->Read(&message);) messages.push_back(message);
    const grpc::Status status = reader->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return messages;
  }
  // The counts of the answer: taken, unchanged, refused.
  std::vector<uint64_t> Counts() const {
    return {answer_.rows_taken(), answer_.rows_unchanged(), answer_.rows_refused()};
  }
  std::string Refused() const {
    std::string all;
    for (const v1::RefusedRow& row : answer_.refused()) {
      all += std::to_string(row.row()) + " " + row.field() + " " + row.reason() + "\n";
    }
    return all;
  }

  ControlMetrics metrics_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<storage::NoticeStore> notices_;
  std::unique_ptr<ConsentService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ConsentService::Stub> stub_;
  v1::ImportConsentsResponse answer_;
};

TEST_F(ConsentImportTest, RowsAreCountedAndRefusedOnesNamedByNumberAndField) {
  Change("erased", internal::v1::CONSENT_CHANGE_KIND_ERASE, policy::Purpose::kSelectAdvertising);
  v1::ConsentRow nobody = Row("");
  v1::ConsentRow future = Row("future", v1::CONSENT_STATUS_GRANTED, int64_t{1} << 32);
  v1::ConsentRow pseudonym = Row("x");
  pseudonym.set_pseudonym(PseudonymOf("x"));
  v1::ConsentRow unsaid = Row("y");
  unsaid.clear_person();
  const auto first = MessageOf({Row("ada"), nobody, Row("ada"), future});
  const auto second = MessageOf({Row("erased"), pseudonym, unsaid, Row("ben", v1::CONSENT_STATUS_WITHDRAWN)});
  ASSERT_TRUE(Import({first, second}).ok());
  EXPECT_EQ(Counts(), (std::vector<uint64_t>{2, 1, 5}));
  EXPECT_EQ(Refused(),
            "1 subject.id FIELD_REQUIRED\n"
            "3 purposes[0].given_time VALUE_OUT_OF_RANGE\n"
            "4  SUBJECT_ERASED\n"
            "5 key_check FIELD_REQUIRED\n"
            "6 subject FIELD_REQUIRED\n");
  const auto recorded = store_->Get(pseudonymizer_.Pseudonymize(policy::RawSubject("cookie", "ada")));
  ASSERT_TRUE(recorded.ok());
  EXPECT_EQ(recorded->record.purposes(0).recorded_by(), "insecure");
  EXPECT_EQ(recorded->record.purposes(0).given_time_us(), 1'600'000'000'000'000);
  v1::AssignRequest event = Event("ada", {});
  event.set_consent_token(answer_.consent_token());
  EXPECT_NE(ReasonOf(Decide(event)), "CONSENT_TOKEN_AHEAD") << "the token is of the last row";
}

TEST_F(ConsentImportTest, ASecondTimeEverythingIsUnchanged) {
  const auto message = MessageOf({Row("ada"), Row("ben", v1::CONSENT_STATUS_OPTED_OUT)});
  ASSERT_TRUE(Import({message}).ok());
  EXPECT_EQ(Counts(), (std::vector<uint64_t>{2, 0, 0}));
  ASSERT_TRUE(Import({message, message}).ok());
  EXPECT_EQ(Counts(), (std::vector<uint64_t>{0, 4, 0}));
}

TEST_F(ConsentImportTest, WhatIsExportedIsUnchangedWhereItIsImportedAgain) {
  Grant("ada");
  Change("ben", internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, policy::Purpose::kSelectAdvertising);
  Change("eve", internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, policy::Purpose::kSelectAdvertising);
  Change("max", internal::v1::CONSENT_CHANGE_KIND_ERASE, policy::Purpose::kSelectAdvertising);
  ASSERT_TRUE(Import({MessageOf({Row("old")})}).ok());
  const auto exported = Export();
  ASSERT_EQ(exported.size(), 1u);
  EXPECT_EQ(exported[0].key_check(), KeyCheck());
  ASSERT_EQ(exported[0].rows_size(), 4) << "not the erased one";
  for (const v1::ConsentRow& row : exported[0].rows()) EXPECT_NE(row.pseudonym(), PseudonymOf("max"));
  v1::ImportConsentsRequest message;
  *message.mutable_rows() = exported[0].rows();
  message.set_key_check(exported[0].key_check());
  ASSERT_TRUE(Import({message}).ok());
  EXPECT_EQ(Counts(), (std::vector<uint64_t>{0, 4, 0})) << Refused();
}

TEST_F(ConsentImportTest, AnExportGoesOnBehindAPseudonymAndLeavesOutWhatIsDamaged) {
  std::vector<v1::ConsentRow> rows;
  for (int i = 0; i < 5; ++i) rows.push_back(Row("person-" + std::to_string(i)));
  ASSERT_TRUE(Import({MessageOf(rows)}).ok());
  const auto all = Export();
  ASSERT_EQ(all.at(0).rows_size(), 5);
  const auto rest = Export(all[0].rows(2).pseudonym());
  ASSERT_EQ(rest.at(0).rows_size(), 2);
  EXPECT_EQ(rest[0].rows(0).pseudonym(), all[0].rows(3).pseudonym());
  EXPECT_EQ(Export(all[0].rows(4).pseudonym()).at(0).rows_size(), 0);
  const std::string damaged = storage::ConsentKey(*KeyOfHex("pseudonym", all[0].rows(3).pseudonym()));
  ASSERT_TRUE(database_->rocks().Put({}, database_->family(storage::Family::kConsent), damaged, "rubbish").ok());
  const auto readable = Export();
  EXPECT_EQ(readable.at(0).rows_size(), 4);
  EXPECT_EQ(readable[0].damaged_records(), 1u);
  grpc::ClientContext context;
  v1::ExportConsentsRequest request;
  request.set_after_pseudonym("ada");
  const auto reader = stub_->ExportConsents(&context, request);
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(FieldOf(status), "after_pseudonym");
}

TEST_F(ConsentImportTest, PseudonymsOfAnotherKeyAreRefusedAsAWhole) {
  v1::ConsentRow row = Row("ada");
  row.set_pseudonym(PseudonymOf("ada"));
  auto message = MessageOf({row});
  message.set_key_check(PseudonymOf("not the check value"));
  const grpc::Status status = Import({message});
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "KEY_MISMATCH");
  EXPECT_EQ(FieldOf(status), "key_check");
  EXPECT_EQ(store_->applied().sequence, 0u);
  message.set_key_check(KeyCheck());
  const auto later = MessageOf({row});  // holds from there on
  ASSERT_TRUE(Import({message, later}).ok());
  EXPECT_EQ(Counts(), (std::vector<uint64_t>{1, 1, 0}));
}

TEST_F(ConsentImportTest, ACallIsBounded) {
  const auto too_long = MessageOf(std::vector<v1::ConsentRow>(kRowsPerMessageMax + 1, Row("ada")));
  EXPECT_EQ(ReasonOf(Import({too_long})), "TOO_MANY_ENTRIES");
  EXPECT_EQ(store_->applied().sequence, 0u);
  const std::vector<v1::ImportConsentsRequest> most(kMessagesPerImportMax, MessageOf({Row("")}));
  ASSERT_TRUE(Import(most).ok());
  EXPECT_EQ(answer_.rows_refused(), static_cast<uint64_t>(kMessagesPerImportMax));
  std::vector<v1::ImportConsentsRequest> more = most;
  more.push_back(MessageOf({}));
  EXPECT_EQ(ReasonOf(Import(more)), "TOO_MANY_ENTRIES");
  const std::vector<v1::ImportConsentsRequest> all_bad(
      kRefusedRowsMax / kRowsPerMessageMax + 1, MessageOf(std::vector<v1::ConsentRow>(kRowsPerMessageMax, Row(""))));
  ASSERT_TRUE(Import(all_bad).ok());
  EXPECT_EQ(answer_.refused_size(), kRefusedRowsMax);
  EXPECT_EQ(answer_.rows_refused(), static_cast<uint64_t>(kRefusedRowsMax + kRowsPerMessageMax));
}

// Streams that stay open hold threads: no more of them than that.
TEST_F(ConsentImportTest, ImportsUnderWayAreBounded) {
  struct Open {
    grpc::ClientContext context;
    v1::ImportConsentsResponse answer;
    std::unique_ptr<grpc::ClientWriter<v1::ImportConsentsRequest>> writer;
  };
  std::vector<std::unique_ptr<Open>> open;
  for (int i = 0; i < kBulkCallsMax; ++i) {
    auto& one = *open.emplace_back(std::make_unique<Open>());
    one.writer = stub_->ImportConsents(&one.context, &one.answer);
    const uint64_t before = store_->applied().sequence;
    const auto message = MessageOf(std::vector<v1::ConsentRow>(kRowsPerMessageMax, Row("person-" + std::to_string(i))));
    for (size_t rows = 0; rows < kRowsTogether; rows += kRowsPerMessageMax) ASSERT_TRUE(one.writer->Write(message));
    while (store_->applied().sequence == before) std::this_thread::yield();  // it has its place
  }
  EXPECT_EQ(ReasonOf(Import({})), "TOO_MANY_CALLS");
  for (auto& one : open) {
    one->writer->WritesDone();
    EXPECT_TRUE(one->writer->Finish().ok());
    EXPECT_EQ(one->answer.rows_taken(), 1u);
  }
  EXPECT_TRUE(Import({}).ok());
}

TEST_F(ConsentImportTest, TheConsentRoleImportsAndDoesNotExport) {
  Serve("consent");
  EXPECT_TRUE(Import({MessageOf({Row("ada")})}).ok());
  grpc::ClientContext context;
  EXPECT_EQ(ReasonOf(stub_->ExportConsents(&context, {})->Finish()), "ROLE_REQUIRED");
  Serve("subject");
  EXPECT_EQ(ReasonOf(Import({MessageOf({Row("ada")})})), "ROLE_REQUIRED");
}

}  // namespace
}  // namespace assent::server
