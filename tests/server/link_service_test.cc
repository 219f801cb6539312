// LinkSubjects and UnlinkSubjects behind gRPC in this process.
#include "grpcpp/server_builder.h"
#include "server/consent_service.h"
#include "server/role_table.h"
#include "tests/server/error_info.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

class LinkServiceTest : public PipelineTest {
 protected:
  LinkServiceTest() {
    auto opened = storage::NoticeStore::Open(*database_, *store_, index_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    notices_ = *std::move(opened);
    model_.Publish(SampleModel());
    Serve("consent");
  }
  ~LinkServiceTest() override { server_->Shutdown(); }
  void Serve(const char* role) {
    if (server_ != nullptr) server_->Shutdown();
    authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), RoleBitFromName(role));
    service_ =
        std::make_unique<ConsentService>(ControlCall(pseudonymizer_, *store_, *authorizer_, control_metrics_, {}),
                                         *notices_, policy::SignalPolicy(), jurisdictions_, nullptr);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::ConsentService::NewStub(server_->InProcessChannel({}));
  }
  static v1::LinkSubjectsRequest LinkRequest(const std::string& person, const std::string& linked) {
    v1::LinkSubjectsRequest request;
    *request.mutable_subject() = Event(person, {}).subject();
    *request.mutable_linked() = Event(linked, {}).subject();
    return request;
  }
  grpc::Status LinkNow(const v1::LinkSubjectsRequest& request, v1::LinkSubjectsResponse& response) {
    grpc::ClientContext context;
    return stub_->LinkSubjects(&context, request, &response);
  }
  grpc::Status UnlinkNow(const v1::UnlinkSubjectsRequest& request, v1::UnlinkSubjectsResponse& response) {
    grpc::ClientContext context;
    return stub_->UnlinkSubjects(&context, request, &response);
  }
  grpc::Status OptOutNow(const std::string& id, std::string& token) {
    v1::OptOutRequest request;
    *request.mutable_subject() = Event(id, {}).subject();
    request.add_purposes(v1::PURPOSE_SELECT_ADVERTISING);
    v1::OptOutResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub_->OptOut(&context, request, &response);
    token = response.consent_token();
    return status;
  }
  policy::Outcome OutcomeOf(const std::string& id, const std::string& token) {
    v1::AssignRequest event = Event(id, kLight);
    event.set_consent_token(token);
    const absl::Status status = Decide(event);
    EXPECT_TRUE(status.ok()) << status;
    return decision_.outcome;
  }

  ControlMetrics control_metrics_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<storage::NoticeStore> notices_;
  std::unique_ptr<ConsentService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ConsentService::Stub> stub_;
};

TEST_F(LinkServiceTest, AnOptOutOfACookieIsObeyedByTheNextAssignOfTheLogin) {
  for (const char* id : {"login", "phone", "laptop"}) Grant(id);
  v1::LinkSubjectsResponse linked;
  ASSERT_TRUE(LinkNow(LinkRequest("login", "phone"), linked).ok());
  EXPECT_EQ(linked.links(), 1u);
  ASSERT_TRUE(LinkNow(LinkRequest("login", "laptop"), linked).ok());
  EXPECT_EQ(linked.links(), 2u);
  EXPECT_EQ(linked.consent().purposes_size(), 1);
  EXPECT_EQ(OutcomeOf("login", linked.consent_token()), policy::Outcome::kAssigned);
  std::string token;
  ASSERT_TRUE(OptOutNow("phone", token).ok());
  for (const char* id : {"login", "phone", "laptop"}) EXPECT_EQ(OutcomeOf(id, token), policy::Outcome::kOptedOut) << id;

  v1::UnlinkSubjectsRequest unlink;
  *unlink.mutable_subject() = Event("login", {}).subject();
  *unlink.mutable_linked() = Event("phone", {}).subject();
  v1::UnlinkSubjectsResponse unlinked;
  ASSERT_TRUE(UnlinkNow(unlink, unlinked).ok());
  EXPECT_EQ(unlinked.links(), 1u);
  EXPECT_EQ(unlinked.consent().purposes(0).status(), v1::CONSENT_STATUS_OPTED_OUT);
  unlink.clear_linked();
  ASSERT_TRUE(UnlinkNow(unlink, unlinked).ok());
  EXPECT_EQ(unlinked.links(), 0u);
  EXPECT_EQ(OutcomeOf("laptop", unlinked.consent_token()), policy::Outcome::kOptedOut);
}

TEST_F(LinkServiceTest, RefusalsSayWhy) {
  v1::LinkSubjectsResponse response;
  const auto fault = [&](const v1::LinkSubjectsRequest& request) {
    const grpc::Status status = LinkNow(request, response);
    EXPECT_EQ(status.error_message().find("login"), std::string::npos) << "no value of the request";
    return ReasonOf(status) + " " + FieldOf(status);
  };
  v1::LinkSubjectsRequest request = LinkRequest("login", "phone");
  request.clear_linked();
  EXPECT_EQ(fault(request), "FIELD_REQUIRED linked");
  request.mutable_linked()->set_namespace_("cookie");
  EXPECT_EQ(fault(request), "FIELD_REQUIRED linked.id");
  request.mutable_linked()->set_id("a");
  request.mutable_linked()->set_namespace_("Not Allowed");
  EXPECT_EQ(fault(request), "FIELD_INVALID linked.namespace");
  EXPECT_EQ(fault(LinkRequest("login", "login")), "FIELD_INVALID linked");
  request = LinkRequest("login", "phone");
  request.set_etag("r9");
  EXPECT_EQ(fault(request), "ETAG_MISMATCH etag");
  EXPECT_EQ(store_->applied().sequence, 0u);

  Link("other", "tablet");
  EXPECT_EQ(fault(LinkRequest("login", "tablet")), "LINK_CONFLICT linked");
  EXPECT_EQ(LinkNow(LinkRequest("login", "tablet"), response).error_code(), StatusCode::FAILED_PRECONDITION);
  Change("phone", internal::v1::CONSENT_CHANGE_KIND_ERASE, policy::Purpose::kSelectContent);
  EXPECT_EQ(fault(LinkRequest("login", "phone")), "SUBJECT_ERASED ");
  EXPECT_EQ(fault(LinkRequest("phone", "login")), "SUBJECT_ERASED ");
  for (int i = 0; i < 32; ++i) Link("login", "device " + std::to_string(i));
  const grpc::Status full = LinkNow(LinkRequest("login", "laptop"), response);
  EXPECT_EQ(full.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(full), "LINKS_FULL");
  EXPECT_NE(full.error_message().find("32"), std::string::npos);
}

TEST_F(LinkServiceTest, OnlyTheConsentRoleSaysWhoIsWho) {
  v1::LinkSubjectsResponse linked;
  v1::UnlinkSubjectsResponse unlinked;
  v1::UnlinkSubjectsRequest unlink;
  *unlink.mutable_subject() = Event("login", {}).subject();
  for (const char* role : {"subject", "privacy", "assign"}) {
    Serve(role);
    EXPECT_EQ(ReasonOf(LinkNow(LinkRequest("login", "phone"), linked)), "ROLE_REQUIRED") << role;
    EXPECT_EQ(ReasonOf(UnlinkNow(unlink, unlinked)), "ROLE_REQUIRED") << role;
  }
  Serve("consent");
  EXPECT_TRUE(UnlinkNow(unlink, unlinked).ok()) << "nothing to end";
  EXPECT_EQ(unlinked.consent().revision(), 0u);
  EXPECT_EQ(store_->applied().sequence, 0u);
}

}  // namespace
}  // namespace assent::server
