// Imports and exports through the whole server: real gRPC, real RocksDB, Assign obeys.
#include <thread>

#include "absl/time/clock.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class ImportServerTest : public ServerTest {
 protected:
  void StartBulk() {
    WriteModel("first");
    Start();
    ASSERT_TRUE(caller_->RegisterSampleNotice().ok());
  }
  static v1::ConsentRow RowOf(const std::string& id, int64_t given_s) {
    v1::ConsentRow row;
    *row.mutable_subject() = EventOf(id, {}).subject();
    v1::PurposeConsent& purpose = *row.add_purposes();
    purpose.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
    purpose.set_status(v1::CONSENT_STATUS_GRANTED);
    purpose.mutable_given_time()->set_seconds(given_s);
    purpose.set_notice_id(SampleNotice().notice_id());
    purpose.set_notice_version(SampleNotice().notice_version());
    return row;
  }
  v1::ImportConsentsResponse Import(const v1::ImportConsentsRequest& message) {
    grpc::ClientContext context;
    v1::ImportConsentsResponse response;
    const auto writer = caller_->consent->ImportConsents(&context, &response);
    writer->Write(message);
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::ImportConsentsRequest Export() {
    grpc::ClientContext context;
    const auto reader = caller_->consent->ExportConsents(&context, {});
    v1::ImportConsentsRequest rows;
    for (v1::ExportConsentsResponse part; reader->Read(&part);) {
      rows.mutable_rows()->MergeFrom(part.rows());
      rows.set_key_check(part.key_check());
    }
    EXPECT_TRUE(reader->Finish().ok());
    return rows;
  }
  void Erase(const std::string& id) {
    v1::EraseSubjectRequest request;
    *request.mutable_subject() = EventOf(id, {}).subject();
    grpc::ClientContext context;
    v1::EraseSubjectResponse response;
    ASSERT_TRUE(caller_->subject->EraseSubject(&context, request, &response).ok());
  }
  std::string RuleOf(const std::string& id, const std::string& token = "") {
    v1::AssignRequest request = EventOf(id, kLight);
    request.set_consent_token(token);
    v1::AssignResponse answer;
    const grpc::Status status = caller_->Assign(request, answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer.reason();
  }
};

TEST_F(ImportServerTest, AnImportIsObeyedByTheNextAssignAndAfterARestart) {
  StartBulk();
  v1::ImportConsentsRequest message;
  *message.add_rows() = RowOf("ada", 1'600'000'000);
  *message.add_rows() = RowOf("ben", 1'600'000'000);
  message.mutable_rows(1)->mutable_purposes(0)->set_status(v1::CONSENT_STATUS_OPTED_OUT);
  const v1::ImportConsentsResponse answer = Import(message);
  EXPECT_EQ(answer.rows_taken(), 2u);
  EXPECT_EQ(RuleOf("ada", answer.consent_token()), "model.nearest");
  EXPECT_EQ(RuleOf("ben", answer.consent_token()), "consent.opted_out");
  server_.reset();
  StartBulk();
  EXPECT_EQ(RuleOf("ada"), "model.nearest");
  EXPECT_EQ(RuleOf("ben"), "consent.opted_out");
}

// Issue: export, erase, import of the export restores nothing without a new consent.
TEST_F(ImportServerTest, AnErasedPersonDoesNotComeBackWithAnExport) {
  StartBulk();
  v1::RecordConsentResponse granted;
  for (const char* id : {"ada", "ben"}) ASSERT_TRUE(caller_->Grant(id, granted).ok());
  const v1::ImportConsentsRequest exported = Export();
  ASSERT_EQ(exported.rows_size(), 2);
  Erase("ada");
  EXPECT_EQ(Export().rows_size(), 1);
  v1::ImportConsentsResponse answer = Import(exported);
  EXPECT_EQ(answer.rows_taken(), 0u);
  EXPECT_EQ(answer.rows_unchanged(), 1u);
  ASSERT_EQ(answer.refused_size(), 1);
  EXPECT_EQ(answer.refused(0).reason(), "SUBJECT_ERASED");
  EXPECT_EQ(RuleOf("ada"), "subject.erased");
  v1::ImportConsentsRequest later;  // a later act, as another system says, does not bring them back either
  *later.add_rows() = RowOf("ada", absl::ToUnixSeconds(absl::Now()));
  EXPECT_EQ(Import(later).rows_refused(), 1u);
  EXPECT_EQ(RuleOf("ada"), "subject.erased");
  server_.reset();
  StartBulk();
  EXPECT_EQ(RuleOf("ada"), "subject.erased");
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  EXPECT_EQ(RuleOf("ada"), "model.nearest") << "a new consent does";
}

TEST_F(ImportServerTest, AgainstConcurrentWithdrawalsNobodyIsServed) {
  StartBulk();
  constexpr int kPeople = 100;
  v1::ImportConsentsRequest message;
  const int64_t before = absl::ToUnixSeconds(absl::Now()) - 1;
  for (int i = 0; i < kPeople; ++i) *message.add_rows() = RowOf("person-" + std::to_string(i), before);
  std::thread importer([&] {
    for (int i = 0; i < 20; ++i) Import(message);
  });
  for (int i = 0; i < kPeople; ++i) {
    const std::string id = "person-" + std::to_string(i);
    v1::WithdrawConsentResponse withdrawn;
    EXPECT_TRUE(caller_->Withdraw(id, withdrawn).ok());
    EXPECT_EQ(RuleOf(id), "consent.withdrawn");
  }
  importer.join();
  for (int i = 0; i < kPeople; ++i) EXPECT_EQ(RuleOf("person-" + std::to_string(i)), "consent.withdrawn") << i;
}

}  // namespace
}  // namespace assent::server
