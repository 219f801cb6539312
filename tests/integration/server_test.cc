#include "server/server.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

// A life: no consent, grant, assign with the token, withdraw, refused at once, and so after a restart.
TEST_F(ServerTest, AWithdrawalIsObeyedByTheNextCallAndAfterARestart) {
  WriteModel("first");
  Start();
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_NO_CONSENT);
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  EXPECT_EQ(granted.consent().revision(), 1u);
  EXPECT_EQ(granted.consent().purposes(0).recorded_by(), "insecure");
  auto event = EventOf("ada", kLight);
  event.set_consent_token(granted.consent_token());
  ASSERT_TRUE(caller_->Assign(event, answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
  EXPECT_EQ(answer.segments(0).segment_id(), "light");
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(caller_->Withdraw("ada", withdrawn).ok());
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_NO_CONSENT);
  EXPECT_EQ(answer.reason(), "consent.withdrawn");
  EXPECT_EQ(answer.segments_size(), 0);
  server_->Drain();
  server_.reset();
  Start();
  event.set_consent_token(withdrawn.consent_token());
  ASSERT_TRUE(caller_->Assign(event, answer).ok());
  EXPECT_EQ(answer.reason(), "consent.withdrawn");
}

TEST_F(ServerTest, ManyGrantAndWithdrawInTurnAndNobodyIsServedAfterwards) {
  WriteModel("first");
  Start();
  constexpr int kPeople = 8;
  constexpr int kRounds = 25;
  std::vector<std::future<int>> people;
  for (int i = 0; i < kPeople; ++i) {
    people.push_back(std::async(std::launch::async, [this, id = "person-" + std::to_string(i)] {
      int wrong = 0;
      for (int round = 0; round < kRounds; ++round) {
        v1::RecordConsentResponse granted;
        v1::WithdrawConsentResponse withdrawn;
        v1::AssignResponse answer;
        wrong += caller_->Grant(id, granted).ok() ? 0 : 1;
        wrong += caller_->Assign(EventOf(id, kLight), answer).ok() && answer.outcome() == v1::OUTCOME_ASSIGNED ? 0 : 1;
        wrong += caller_->Withdraw(id, withdrawn).ok() ? 0 : 1;
        wrong +=
            caller_->Assign(EventOf(id, kLight), answer).ok() && answer.outcome() == v1::OUTCOME_NO_CONSENT ? 0 : 1;
      }
      return wrong;
    }));
  }
  for (auto& person : people) EXPECT_EQ(person.get(), 0);
}

TEST_F(ServerTest, WithoutAModelItSaysSoUntilTheFileAppears) {
  Start();
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  v1::AssignResponse answer;
  const grpc::Status status = caller_->Assign(EventOf("ada", kLight), answer);
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "NO_MODEL");
  WriteModel("first");
  Until([&] { return caller_->Assign(EventOf("ada", kLight), answer).ok(); });
  EXPECT_EQ(answer.model().name(), "first");
}

TEST_F(ServerTest, ADamagedModelIsRefusedAndTheNextGoodOneIsServed) {
  WriteModel("first");
  Start();
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  std::ofstream(folder_.Path("model.assent"), std::ios::binary | std::ios::app) << "tail";
  Until([&] {
    return HttpGet(server_->metrics_address(), "/metrics").find("assent_model_loads_total{result=\"refused\"} 1\n") !=
           std::string::npos;
  });
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.model().name(), "first");
  WriteModel("second");
  Until([&] { return caller_->Assign(EventOf("ada", kLight), answer).ok() && answer.model().name() == "second"; });
}

TEST_F(ServerTest, BadInputOverTheWireAndServedAgain) {
  WriteModel("first");
  Start();
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  v1::AssignResponse answer;
  const auto assign = [&](auto change) {
    auto event = EventOf("ada", kLight);
    change(event);
    const grpc::Status status = caller_->Assign(event, answer);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    return ReasonOf(status) + " " + FieldOf(status);
  };
  using R = v1::AssignRequest;
  EXPECT_EQ(assign([](R& r) { r.set_purpose(static_cast<v1::Purpose>(42)); }), "PURPOSE_UNKNOWN purpose");
  EXPECT_EQ(assign([](R& r) { r.clear_subject(); }), "FIELD_REQUIRED subject");
  EXPECT_EQ(assign([](R& r) { r.mutable_features()->set_dense(0, NAN); }), "FEATURE_NOT_FINITE features.dense[0]");
  EXPECT_EQ(assign([](R& r) { r.mutable_features()->add_dense(0); }), "FEATURE_DIMENSION_MISMATCH features.dense");
  auto huge = EventOf(std::string(5 << 20, 'x'), kLight);
  EXPECT_EQ(caller_->Assign(huge, answer).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
}

TEST_F(ServerTest, ConsentErrorsAndEtags) {
  Start();
  grpc::ClientContext missing_context;
  v1::GetConsentRequest get;
  *get.mutable_subject() = EventOf("ada", {}).subject();
  v1::GetConsentResponse got;
  EXPECT_EQ(ReasonOf(caller_->consent->GetConsent(&missing_context, get, &got)), "CONSENT_NOT_FOUND");
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  v1::OptOutRequest opt_out;
  *opt_out.mutable_subject() = get.subject();
  opt_out.set_etag(granted.consent().etag());
  opt_out.set_request_id("01234567-89ab-cdef-0123-456789abcdef");
  v1::OptOutResponse opted_out;
  grpc::ClientContext first;
  ASSERT_TRUE(caller_->consent->OptOut(&first, opt_out, &opted_out).ok());
  EXPECT_EQ(opted_out.consent().revision(), 2u);
  opt_out.set_request_id("11234567-89ab-cdef-0123-456789abcdef");
  grpc::ClientContext stale;
  const grpc::Status status = caller_->consent->OptOut(&stale, opt_out, &opted_out);
  EXPECT_EQ(status.error_code(), StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  grpc::ClientContext again;
  opt_out.clear_etag();
  opt_out.set_request_id("01234567-89ab-cdef-0123-456789abcdef");  // the first one, retried
  ASSERT_TRUE(caller_->consent->OptOut(&again, opt_out, &opted_out).ok());
  EXPECT_EQ(opted_out.consent().revision(), 2u);
  grpc::ClientContext get_context;
  ASSERT_TRUE(caller_->consent->GetConsent(&get_context, get, &got).ok());
  EXPECT_EQ(got.consent().purposes_size(), 6);
}

TEST_F(ServerTest, StreamAnswersABadEventAlone) {
  WriteModel("first");
  Start();
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  grpc::ClientContext context;
  auto stream = caller_->assignment->StreamAssign(&context);
  for (uint64_t tag = 0; tag < 30; ++tag) {
    v1::StreamAssignRequest request;
    request.set_tag(tag);
    *request.mutable_request() = EventOf(tag % 3 == 0 ? "ada" : tag % 3 == 1 ? "" : "stranger", kLight);
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  v1::StreamAssignResponse response;
  for (uint64_t tag = 0; tag < 30; ++tag) {
    ASSERT_TRUE(stream->Read(&response));
    ASSERT_EQ(response.tag(), tag);
    ASSERT_EQ(response.has_error(), tag % 3 == 1);
    if (tag % 3 == 0) {
      ASSERT_EQ(response.response().outcome(), v1::OUTCOME_ASSIGNED);
    }
    if (tag % 3 == 2) {
      ASSERT_EQ(response.response().outcome(), v1::OUTCOME_NO_CONSENT);
    }
  }
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServerTest, RolesWithoutMutualTls) {
  WriteModel("first");
  Configuration configuration = Defaults();
  configuration.insecure_roles = 0;
  Start(configuration);
  v1::AssignResponse answer;
  EXPECT_EQ(ReasonOf(caller_->Assign({}, answer)), "ROLE_REQUIRED");
  v1::RecordConsentResponse granted;
  EXPECT_EQ(ReasonOf(caller_->Grant("", granted)), "ROLE_REQUIRED");
}

TEST_F(ServerTest, HealthOnBothPlanes) {
  Start();
  const auto check = [](const std::string& address, const std::string& service) {
    auto stub = grpc::health::v1::Health::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = stub->Check(&context, request, &response);
    return status.ok() ? grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status())
                       : status.error_message();
  };
  EXPECT_EQ(check(server_->data_address(), ""), "SERVING");
  EXPECT_EQ(check(server_->data_address(), "assent.v1.AssignmentService"), "NOT_SERVING");  // no model yet
  EXPECT_EQ(check(server_->control_address(), "assent.v1.ConsentService"), "SERVING");
  EXPECT_EQ(check(server_->control_address(), "assent.v1.SubjectService"), "SERVING");
  EXPECT_EQ(check(server_->control_address(), "assent.v1.BackupService"), "SERVING");
  EXPECT_EQ(check(server_->control_address(), "assent.v1.KeyService"), "SERVING");
  WriteModel("first");
  Until([&] { return check(server_->data_address(), "assent.v1.AssignmentService") == "SERVING"; });
}

TEST_F(ServerTest, ASecondServerOnTheSameFolderIsRefusedAndTheFirstGoesOn) {
  WriteModel("first");
  Start();
  const auto second = Server::Start(Defaults());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(second.status().message().substr(0, 10), "data_dir: ") << second.status();
  v1::AssignResponse answer;
  EXPECT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
}

TEST_F(ServerTest, ADataFolderThatIsAFileIsNamed) {
  Configuration configuration = Defaults();
  configuration.data_dir = folder_.Write("file", "");
  const auto server = Server::Start(configuration);
  EXPECT_EQ(server.status().message(), "data_dir: " + configuration.data_dir + " is not a folder");
}

TEST_F(ServerTest, AnotherPseudonymKeyIsRefused) {
  Start();
  server_->Drain();
  server_.reset();
  Configuration configuration = Defaults();
  configuration.pseudonym_key_file = folder_.Write("other", std::string(64, 'b'));
  std::filesystem::permissions(configuration.pseudonym_key_file,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto other = Server::Start(configuration);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(other.status().message().find("key"), absl::string_view::npos) << other.status();
  std::filesystem::permissions(configuration.pseudonym_key_file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const auto readable = Server::Start(configuration);
  EXPECT_EQ(readable.status().message().substr(0, 20), "pseudonym_key_file: ") << readable.status();
}

TEST_F(ServerTest, DrainEndsCallsInFlightWithAnAnswer) {
  WriteModel("first");
  Start();
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  grpc::ClientContext context;
  auto stream = caller_->assignment->StreamAssign(&context);
  v1::StreamAssignRequest request;
  *request.mutable_request() = EventOf("ada", kLight);
  v1::StreamAssignResponse response;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  auto drain = std::async(std::launch::async, [&] { server_->Drain(); });
  // New calls fail once the drain has begun; the stream that was open is still answered.
  v1::AssignResponse answer;
  Until([&] { return !caller_->Assign(EventOf("ada", kLight), answer).ok(); });
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.response().outcome(), v1::OUTCOME_ASSIGNED);
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  drain.get();
}

}  // namespace
}  // namespace assent::server
