#include <atomic>
#include <regex>

#include "client/assignment_client.h"
#include "client/consent_client.h"
#include "client/consent_run.h"
#include "client/rpc_error.h"
#include "gmock/gmock.h"
#include "grpcpp/support/validate_service_config.h"
#include "gtest/gtest.h"
#include "tests/client/fake_service.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::HasSubstr;
using testing::Not;

class ClientTest : public testing::Test {
 protected:
  ChannelOptions Options(absl::Duration deadline = absl::Seconds(30)) {
    ChannelOptions options;
    options.target = fake_.address();
    options.deadline = deadline;
    return options;
  }
  v1::AssignRequest Request() {
    v1::AssignRequest request;
    request.mutable_subject()->set_namespace_("login");
    request.mutable_subject()->set_id("anna@example.org");
    request.set_purpose(v1::PURPOSE_SELECT_CONTENT);
    return request;
  }
  v1::RecordConsentRequest Grant() {
    v1::RecordConsentRequest request;
    request.mutable_subject()->set_namespace_("login");
    request.mutable_subject()->set_id("anna@example.org");
    return request;
  }
  FakeService fake_;
};

TEST_F(ClientTest, Assign_ReturnsTheAnswer) {
  fake_.assign = [](const v1::AssignRequest&, v1::AssignResponse* response) {
    response->set_outcome(v1::OUTCOME_ASSIGNED);
    return grpc::Status::OK;
  };
  auto client = AssignmentClient::Create(Options());
  ASSERT_TRUE(client.ok()) << client.status();
  const auto response = client->Assign(Request());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->outcome(), v1::OUTCOME_ASSIGNED);
}

TEST_F(ClientTest, ErrorWithInfo_ReasonIsReadableAndNoIdIsInIt) {
  fake_.assign = [](const v1::AssignRequest&, v1::AssignResponse*) {
    return RichError(grpc::StatusCode::INVALID_ARGUMENT, "FEATURE_UNKNOWN", "features.named[x]: not a feature");
  };
  const absl::Status status = AssignmentClient::Create(Options())->Assign(Request()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "FEATURE_UNKNOWN");
  EXPECT_EQ(ErrorInfoOf(status)->domain(), "assent.v1");
  EXPECT_THAT(status.ToString(), Not(HasSubstr("anna")));
  EXPECT_EQ(fake_.assigns_asked.size(), 1u);  // not tried again
}

TEST_F(ClientTest, ErrorWithoutInfo_HasNoReason) {
  EXPECT_EQ(ReasonOf(absl::NotFoundError("x")), "");
  EXPECT_EQ(ReasonOf(StatusFromRpc(grpc::Status(grpc::StatusCode::INTERNAL, "x", "not a message \xFF"))), "");
}

TEST_F(ClientTest, UnavailableTwice_IsTriedAgainWithTheSameRequestId) {
  std::atomic<int> calls{0};
  fake_.record = [&](const v1::RecordConsentRequest&, v1::RecordConsentResponse*) {
    return ++calls < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy") : grpc::Status::OK;
  };
  const auto response = ConsentClient::Create(Options())->RecordConsent(Grant());
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(fake_.records_asked.size(), 3u);
  EXPECT_FALSE(fake_.records_asked[0].request_id().empty());
  EXPECT_EQ(fake_.records_asked[0].request_id(), fake_.records_asked[2].request_id());
}

TEST_F(ClientTest, OneAttempt_IsNotTriedAgain) {
  fake_.assign = [](auto&, auto*) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy"); };
  ChannelOptions options = Options();
  options.attempts = 1;
  EXPECT_EQ(AssignmentClient::Create(options)->Assign(Request()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fake_.assigns_asked.size(), 1u);
}

TEST_F(ClientTest, SlowServer_DeadlineExceeded) {
  fake_.hang = true;
  auto client = AssignmentClient::Create(Options(absl::Milliseconds(50)));
  EXPECT_EQ(client->Assign(Request()).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, ConsentWrite_TokenGoesWithTheNextCalls) {
  fake_.record = [](auto&, v1::RecordConsentResponse* response) {
    response->set_consent_token("token-of-grant");
    return grpc::Status::OK;
  };
  auto token = std::make_shared<ConsentToken>();
  auto consent = ConsentClient::Create(Options(), token);
  auto client = AssignmentClient::Create(Options(), token);
  ASSERT_TRUE(client->Assign(Request()).ok());
  ASSERT_TRUE(consent->RecordConsent(Grant()).ok());
  ASSERT_TRUE(client->Assign(Request()).ok());
  ASSERT_TRUE(consent->OptOut({}).ok());
  ASSERT_TRUE(client->BatchAssign({}).ok());
  v1::AssignRequest own = Request();
  own.set_consent_token("own");
  ASSERT_TRUE(client->Assign(own).ok());
  EXPECT_EQ(fake_.assigns_asked[0].consent_token(), "");
  EXPECT_EQ(fake_.assigns_asked[1].consent_token(), "token-of-grant");
  EXPECT_EQ(fake_.batches_asked[0].consent_token(), "token-of-opt-out");
  EXPECT_EQ(fake_.assigns_asked[2].consent_token(), "own");
}

TEST_F(ClientTest, Stream_AnswersInOrderAndErrorsKeepTheirReason) {
  fake_.assign = [](const v1::AssignRequest& request, v1::AssignResponse* response) {
    if (request.subject().id() == "bad") {
      return RichError(grpc::StatusCode::INVALID_ARGUMENT, "FEATURE_UNKNOWN", "no");
    }
    response->set_reason(request.consent_token());
    return grpc::Status::OK;
  };
  auto token = std::make_shared<ConsentToken>();
  token->Set("t");
  auto stream = AssignmentClient::Create(Options(), token)->StreamAssign(absl::Seconds(30));
  v1::StreamAssignRequest request;
  v1::StreamAssignResponse response;
  request.set_tag(7);
  ASSERT_TRUE(stream.Write(request));
  ASSERT_TRUE(stream.Read(response));
  EXPECT_EQ(response.tag(), 7u);
  EXPECT_EQ(response.response().reason(), "t");
  request.mutable_request()->mutable_subject()->set_id("bad");
  ASSERT_TRUE(stream.Write(request));
  stream.WritesDone();
  ASSERT_TRUE(stream.Read(response));
  EXPECT_EQ(ReasonOf(StatusFromProto(response.error())), "FEATURE_UNKNOWN");
  EXPECT_FALSE(stream.Read(response));
  EXPECT_TRUE(stream.Finish().ok());
}

TEST(OpenChannel, BadOptions_AreNamed) {
  ScratchFolder folder;
  const auto error = [](auto change) {
    ChannelOptions options;
    options.target = "127.0.0.1:1";
    change(options);
    return OpenChannel(options).status();
  };
  EXPECT_TRUE(error([](auto&) {}).ok());
  EXPECT_THAT(error([](auto& o) { o.target = ""; }).ToString(), HasSubstr("target"));
  EXPECT_THAT(error([](auto& o) { o.attempts = 6; }).ToString(), HasSubstr("attempts: must be 1 to 5"));
  EXPECT_THAT(error([](auto& o) { o.deadline = absl::ZeroDuration(); }).ToString(), HasSubstr("deadline"));
  EXPECT_THAT(error([](auto& o) { o.tls_key_file = "k"; }).ToString(), HasSubstr("certificate and the key together"));
  EXPECT_THAT(error([](auto& o) { o.tls_key_file = o.tls_certificate_file = "k"; }).ToString(), HasSubstr("tls_ca"));
  const absl::Status missing = error([&](auto& o) { o.tls_ca_file = folder.Path("none.pem"); });
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(missing.ToString(), HasSubstr("tls_ca_file"));
}

TEST(ServiceConfigJson, EveryNumberOfAttempts_IsAccepted) {
  for (int attempts = 1; attempts <= kAttemptsMax; ++attempts) {
    EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(ServiceConfigJson(attempts)), "") << attempts;
  }
}

TEST(RandomUuid, Form_IsVersion4AndNewEachTime) {
  const std::string uuid = RandomUuid();
  EXPECT_TRUE(std::regex_match(uuid, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
      << uuid;
  EXPECT_NE(uuid, RandomUuid());
}

TEST(ForEachSubject, EveryId_IsDoneOnce) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::to_string(i));
  std::vector<std::atomic<int>> seen(1000);
  ConsentRun run;
  const absl::Status status = ForEachSubject(
      ids, 8,
      [&](const std::string& id) {
        ++seen[std::stoul(id)];
        return absl::OkStatus();
      },
      {}, run);
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(run.done, 1000u);
  EXPECT_EQ(run.bad_rows.count(), 0u);
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST(ForEachSubject, Error_StopsTheRunAndIsReturned) {
  const std::vector<std::string> ids(100000, "x");
  std::atomic<uint64_t> calls{0};
  ConsentRun run;
  const absl::Status status = ForEachSubject(
      ids, 4, [&](const std::string&) { return ++calls == 10 ? absl::AbortedError("stop") : absl::OkStatus(); }, {},
      run);
  EXPECT_EQ(status.message(), "stop");
  EXPECT_EQ(run.done, calls - 1);
}

TEST(ForEachSubject, NoIds_IsOk) {
  ConsentRun run;
  run.done = 1;
  EXPECT_TRUE(ForEachSubject(
                  {}, 4, [](const std::string&) { return absl::OkStatus(); }, {}, run)
                  .ok());
  EXPECT_EQ(run.done, 0u);
}

TEST(ForEachSubject, InvalidRows_AreCountedAndTheRestIsDone) {
  std::vector<std::string> ids(1000, "good");
  for (size_t i = 9; i < ids.size(); i += 10) ids[i] = "bad";  // every tenth row, counted from 1
  ConsentRun run;
  const absl::Status status = ForEachSubject(
      ids, 8, [](const std::string& id) { return id == "bad" ? absl::InvalidArgumentError("no") : absl::OkStatus(); },
      {}, run);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(run.done, 900u);
  EXPECT_EQ(run.bad_rows.count(), 100u);
  const auto kept = run.bad_rows.ToJson();
  ASSERT_EQ(kept.size(), BadRows::kKept);
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i]["row"], 10 * (i + 1));
}

}  // namespace
}  // namespace assent::client
