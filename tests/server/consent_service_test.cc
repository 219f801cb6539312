#include "server/consent_service.h"

#include <string>

#include "absl/strings/escaping.h"
#include "assent/v1/consent_receipt.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/server_builder.h"
#include "server/role_table.h"
#include "tests/policy/signal_fixture.h"
#include "tests/server/error_info.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

v1::Notice NoticeOf(const std::string& version, std::initializer_list<v1::Purpose> purposes) {
  v1::Notice notice;
  notice.set_notice_id("banner");
  notice.set_notice_version(version);
  notice.set_language("de-AT");
  for (const v1::Purpose purpose : purposes) notice.add_purposes(purpose);
  notice.add_data_categories("pages");
  v1::Controller& controller = *notice.add_controllers();
  controller.set_name("Example");
  controller.set_address("1 Example Road");
  controller.set_contact("privacy@example.org");
  notice.add_storage_locations("Austria");
  notice.set_retention("90 days");
  notice.add_recipients("nobody else");
  notice.set_withdrawal_method("in the settings");
  notice.set_jurisdiction("AT");
  return notice;
}

// The service behind gRPC in this process, on the store that the pipeline reads.
class ConsentServiceTest : public PipelineTest {
 protected:
  using Stub = v1::ConsentService::Stub;

  ConsentServiceTest() {
    auto opened = storage::NoticeStore::Open(*database_, *store_, index_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    notices_ = *std::move(opened);
    Serve({}, nullptr);
    model_.Publish(SampleModel());
  }
  void Serve(const policy::SignalPolicy& signals, const policy::SigningKey* key) {
    if (server_ != nullptr) server_->Shutdown();
    service_ = std::make_unique<ConsentService>(ControlCall(pseudonymizer_, *store_, authorizer_, metrics_, {}),
                                                *notices_, signals, jurisdictions_, key);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::ConsentService::NewStub(server_->InProcessChannel({}));
  }

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, &response);
  }
  grpc::Status Register(const v1::Notice& notice) {
    v1::RegisterNoticeRequest request;
    *request.mutable_notice() = notice;
    v1::RegisterNoticeResponse response;
    const grpc::Status status = Call(&Stub::RegisterNotice, request, response);
    registered_ = response.notice();
    return status;
  }
  grpc::Status Record(const std::string& version, v1::Purpose purpose = v1::PURPOSE_SELECT_ADVERTISING,
                      const std::string& jurisdiction = "") {
    v1::RecordConsentRequest request;
    *request.mutable_subject() = Event("ada", {}).subject();
    request.add_grants()->set_purpose(purpose);
    request.set_notice_id("banner");
    request.set_notice_version(version);
    request.set_jurisdiction(jurisdiction);
    return Call(&Stub::RecordConsent, request, recorded_);
  }
  policy::Rule RuleNow() {
    EXPECT_TRUE(Decide(Event("ada", kLight)).ok());
    return decision_.rule;
  }

  ControlMetrics metrics_;
  Authorizer authorizer_{ServedRoleTable(), RoleBitFromName("consent") | RoleBitFromName("privacy")};
  std::unique_ptr<storage::NoticeStore> notices_;
  std::unique_ptr<ConsentService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Stub> stub_;
  v1::Notice registered_;
  v1::RecordConsentResponse recorded_;
};

TEST_F(ConsentServiceTest, AConsentNamesARegisteredVersionThatAsksForIt) {
  EXPECT_EQ(ReasonOf(Record("")), "FIELD_REQUIRED");
  const grpc::Status unknown = Record("1");
  EXPECT_EQ(unknown.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(unknown), "NOTICE_NOT_REGISTERED");
  ASSERT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  const grpc::Status other = Record("1", v1::PURPOSE_SELECT_CONTENT);
  EXPECT_EQ(ReasonOf(other), "PURPOSE_NOT_IN_NOTICE");
  EXPECT_EQ(FieldOf(other), "grants[0].purpose");
  ASSERT_TRUE(Record("1").ok());
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
}

TEST_F(ConsentServiceTest, AVersionThatAsksForMoreClosesTheGateAtOnce) {
  ASSERT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  ASSERT_TRUE(Record("1").ok());
  ASSERT_TRUE(Register(NoticeOf("2", {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_PROFILE_ADVERTISING})).ok());
  EXPECT_EQ(RuleNow(), policy::Rule::kNoticeOutdated);
  EXPECT_EQ(ReasonOf(Record("1")), "NOTICE_OUTDATED");
  ASSERT_TRUE(Record("2").ok());
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
}

TEST_F(ConsentServiceTest, TheJurisdictionIsThatOfTheRequestOrElseOfTheNotice) {
  ASSERT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  ASSERT_TRUE(Record("1").ok());
  EXPECT_EQ(recorded_.consent().purposes(0).jurisdiction(), "AT");
  ASSERT_TRUE(Record("1", v1::PURPOSE_SELECT_ADVERTISING, "DE-BY").ok());
  EXPECT_EQ(recorded_.consent().purposes(0).jurisdiction(), "DE-BY");
}

TEST_F(ConsentServiceTest, ANoticeLacksNothing) {
  const auto field_of = [&](auto change) {
    v1::Notice notice = NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING});
    change(notice);
    const grpc::Status status = Register(notice);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    return ReasonOf(status) + " " + FieldOf(status);
  };
  using N = v1::Notice;
  EXPECT_EQ(field_of([](N& n) { n.Clear(); }), "FIELD_REQUIRED notice.notice_id");
  EXPECT_EQ(field_of([](N& n) { n.clear_notice_version(); }), "FIELD_REQUIRED notice.notice_version");
  EXPECT_EQ(field_of([](N& n) { n.clear_language(); }), "FIELD_REQUIRED notice.language");
  EXPECT_EQ(field_of([](N& n) { n.set_language("de_AT"); }), "FIELD_INVALID notice.language");
  EXPECT_EQ(field_of([](N& n) { n.clear_purposes(); }), "FIELD_REQUIRED notice.purposes");
  EXPECT_EQ(field_of([](N& n) { n.add_purposes(static_cast<v1::Purpose>(7)); }), "PURPOSE_UNKNOWN notice.purposes[1]");
  EXPECT_EQ(field_of([](N& n) { n.clear_data_categories(); }), "FIELD_REQUIRED notice.data_categories");
  EXPECT_EQ(field_of([](N& n) { n.add_data_categories(); }), "FIELD_REQUIRED notice.data_categories[1]");
  EXPECT_EQ(field_of([](N& n) { n.clear_controllers(); }), "FIELD_REQUIRED notice.controllers");
  EXPECT_EQ(field_of([](N& n) { n.add_controllers()->set_name("x"); }), "FIELD_REQUIRED notice.controllers[1].address");
  EXPECT_EQ(field_of([](N& n) {
              while (n.controllers_size() < 9) n.add_controllers();
            }),
            "TOO_MANY_ENTRIES notice.controllers");
  EXPECT_EQ(field_of([](N& n) { n.clear_storage_locations(); }), "FIELD_REQUIRED notice.storage_locations");
  EXPECT_EQ(field_of([](N& n) { n.clear_retention(); }), "FIELD_REQUIRED notice.retention");
  EXPECT_EQ(field_of([](N& n) { n.set_retention(std::string(1001, 'x')); }), "FIELD_TOO_LONG notice.retention");
  EXPECT_EQ(field_of([](N& n) { n.clear_recipients(); }), "FIELD_REQUIRED notice.recipients");
  EXPECT_EQ(field_of([](N& n) { n.clear_withdrawal_method(); }), "FIELD_REQUIRED notice.withdrawal_method");
  EXPECT_EQ(field_of([](N& n) { n.clear_jurisdiction(); }), "FIELD_REQUIRED notice.jurisdiction");
  EXPECT_EQ(field_of([](N& n) { n.set_jurisdiction("Austria"); }), "FIELD_INVALID notice.jurisdiction");
  EXPECT_EQ(field_of([](N& n) { n.set_uri("a\nb"); }), "FIELD_INVALID notice.uri");
  EXPECT_TRUE(notices_->List("", 0, 1).empty());
}

TEST_F(ConsentServiceTest, AVersionIsNeverAltered) {
  v1::Notice notice = NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING});
  notice.set_outdated(true);  // what only the server says is not believed
  notice.set_registered_by("me");
  ASSERT_TRUE(Register(notice).ok());
  EXPECT_FALSE(registered_.outdated());
  EXPECT_NE(registered_.registered_by(), "me");
  EXPECT_TRUE(registered_.has_register_time());
  EXPECT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok()) << "the same again";
  notice.set_retention("91 days");
  const grpc::Status other = Register(notice);
  EXPECT_EQ(other.error_code(), StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(other), "NOTICE_EXISTS");
}

TEST_F(ConsentServiceTest, NoticesComeInPages) {
  for (const char* version : {"1", "2", "3"}) {
    ASSERT_TRUE(Register(NoticeOf(version, {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  }
  v1::ListNoticesRequest request;
  request.set_page_size(2);
  v1::ListNoticesResponse page;
  ASSERT_TRUE(Call(&Stub::ListNotices, request, page).ok());
  ASSERT_EQ(page.notices_size(), 2);
  EXPECT_EQ(page.notices(1).notice_version(), "2");
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(Call(&Stub::ListNotices, request, page).ok());
  ASSERT_EQ(page.notices_size(), 1);
  EXPECT_EQ(page.notices(0).notice_version(), "3");
  EXPECT_EQ(page.next_page_token(), "");
  request.set_page_token("3");
  EXPECT_EQ(FieldOf(Call(&Stub::ListNotices, request, page)), "page_token");
  request.set_page_size(1001);
  EXPECT_EQ(FieldOf(Call(&Stub::ListNotices, request, page)), "page_size");
}

TEST_F(ConsentServiceTest, TheHistoryComesNewestFirstInPages) {
  v1::ListConsentHistoryRequest request;
  *request.mutable_subject() = Event("ada", {}).subject();
  v1::ListConsentHistoryResponse page;
  ASSERT_TRUE(Call(&Stub::ListConsentHistory, request, page).ok());
  EXPECT_EQ(page.changes_size(), 0);
  ASSERT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Record("1").ok());
  std::vector<uint64_t> revisions;
  request.set_page_size(2);
  do {
    ASSERT_TRUE(Call(&Stub::ListConsentHistory, request, page).ok());
    EXPECT_LE(page.changes_size(), 2);
    for (const v1::ConsentChange& change : page.changes()) {
      revisions.push_back(change.revision());
      EXPECT_EQ(change.kind(), v1::CONSENT_CHANGE_KIND_GRANT);
      EXPECT_EQ(change.purposes(0).notice_version(), "1");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(revisions, (std::vector<uint64_t>{5, 4, 3, 2, 1}));
  request.clear_subject();
  EXPECT_EQ(FieldOf(Call(&Stub::ListConsentHistory, request, page)), "subject");
}

TEST_F(ConsentServiceTest, SignalsAreStoredUnderANoticeOnlyWhereTheyPermit) {
  Serve({.tcf = policy::ExamplePolicy()}, nullptr);
  v1::RecordConsentRequest request;
  *request.mutable_subject() = Event("ada", {}).subject();
  request.mutable_signals()->set_gpc(true);
  ASSERT_TRUE(Call(&Stub::RecordConsent, request, recorded_).ok());
  EXPECT_EQ(RuleNow(), policy::Rule::kConsentOptedOut);
  EXPECT_EQ(recorded_.consent().purposes(0).method(), v1::COLLECTION_METHOD_GPC);
  request.mutable_signals()->set_gpc(false);
  request.mutable_signals()->set_tcf(policy::kTcfB);
  EXPECT_EQ(FieldOf(Call(&Stub::RecordConsent, request, recorded_)), "notice_id");
  ASSERT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  request.set_notice_id("banner");
  request.set_notice_version("1");
  ASSERT_TRUE(Call(&Stub::RecordConsent, request, recorded_).ok());
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
  EXPECT_EQ(recorded_.consent().purposes_size(), policy::kPurposeCount);
  EXPECT_EQ(recorded_.consent().purposes(0).signal_sha256().size(), 32u);
  request.add_grants()->set_purpose(v1::PURPOSE_SELECT_CONTENT);
  EXPECT_EQ(FieldOf(Call(&Stub::RecordConsent, request, recorded_)), "grants");
  request.clear_grants();
  request.set_method(v1::COLLECTION_METHOD_TCF);
  EXPECT_EQ(FieldOf(Call(&Stub::RecordConsent, request, recorded_)), "method");
}

TEST_F(ConsentServiceTest, AReceiptIsSignedAndHoldsTheNotice) {
  // RFC 8032 section 7.1, test 2, as PKCS #8.
  const auto key = policy::SigningKey::FromPem(
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(key.ok()) << key.status();
  v1::GetConsentReceiptRequest request;
  *request.mutable_subject() = Event("ada", {}).subject();
  v1::GetConsentReceiptResponse response;
  EXPECT_EQ(ReasonOf(Call(&Stub::GetConsentReceipt, request, response)), "RECEIPTS_NOT_CONFIGURED");
  Serve({}, &*key);
  EXPECT_EQ(ReasonOf(Call(&Stub::GetConsentReceipt, request, response)), "CONSENT_NOT_FOUND");
  ASSERT_TRUE(Register(NoticeOf("1", {v1::PURPOSE_SELECT_ADVERTISING})).ok());
  ASSERT_TRUE(Record("1").ok());
  ASSERT_TRUE(Call(&Stub::GetConsentReceipt, request, response).ok());
  google::protobuf::Struct jws;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(response.receipt(), &jws).ok());
  const auto part = [&](const char* name) { return jws.fields().at(name).string_value(); };
  std::string signature, payload;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(part("signature"), &signature));
  ASSERT_TRUE(absl::WebSafeBase64Unescape(part("payload"), &payload));
  const auto verifying = policy::VerifyingKey::FromPem(response.public_key_pem());
  ASSERT_TRUE(verifying.ok());
  EXPECT_TRUE(verifying->Verify(part("protected") + "." + part("payload"), signature));
  v1::ConsentReceipt receipt;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(payload, &receipt).ok());
  EXPECT_EQ(receipt.consent().purposes(0).status(), v1::CONSENT_STATUS_GRANTED);
  ASSERT_EQ(receipt.notices_size(), 1);
  EXPECT_EQ(receipt.notices(0).controllers(0).name(), "Example");
  EXPECT_EQ(receipt.subject_pseudonym().size(), 32u);
  EXPECT_EQ(payload.find("ada"), std::string::npos);
  EXPECT_EQ(receipt.receipt_id().size(), 32u);
}

}  // namespace
}  // namespace assent::server
