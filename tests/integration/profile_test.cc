// Profiles through the whole server: real gRPC, real RocksDB.
#include <cmath>
#include <limits>

#include "absl/time/clock.h"
#include "server/server.h"
#include "storage/model_file.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

class ProfileServerTest : public ServerTest {
 protected:
  void StartWithProfiles() { StartWithProfiles(Defaults()); }
  void StartWithProfiles(const Configuration& configuration) {
    ASSERT_TRUE(storage::WriteModelFile(folder_.Path("model.assent"), ProfileModelFile()).ok());
    Start(configuration);
  }
  void Restart() {
    server_->Drain();
    server_.reset();
    Start();
  }

  void Consent(const std::string& id, std::initializer_list<v1::Purpose> purposes) const {
    v1::RecordConsentResponse response;
    ASSERT_TRUE(caller_->Record(GrantOf(id, purposes), response).ok());
  }
  void Withdraw(const std::string& id, v1::Purpose purpose) const {
    v1::WithdrawConsentRequest request;
    *request.mutable_subject() = EventOf(id, {}).subject();
    request.add_purposes(purpose);
    v1::WithdrawConsentResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(caller_->consent->WithdrawConsent(&context, request, &response).ok());
  }
  static v1::Event Purchase(const std::string& event_id, double price = 10) {
    return PurchaseEvent(event_id, price, absl::GetCurrentTimeNanos() / 1000);
  }
  static v1::AssignRequest With(const std::string& id, std::initializer_list<v1::Event> events) {
    v1::AssignRequest request = EventOf(id, {});
    for (const v1::Event& event : events) *request.add_events() = event;
    return request;
  }
  grpc::Status Record(const std::string& id, std::initializer_list<v1::Event> events,
                      v1::RecordEventsResponse& response) const {
    v1::RecordEventsRequest request;
    *request.mutable_subject() = EventOf(id, {}).subject();
    request.set_purpose(v1::PURPOSE_PROFILE_ADVERTISING);
    for (const v1::Event& event : events) *request.add_events() = event;
    grpc::ClientContext context;
    return caller_->assignment->RecordEvents(&context, request, &response);
  }
  // The number of purchases in the subject's profile, as Explain sees it; it keeps nothing.
  double PurchasesOf(const std::string& id, std::initializer_list<v1::Event> events = {}) const {
    v1::ExplainRequest request;
    *request.mutable_request() = With(id, events);
    v1::ExplainResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(caller_->assignment->Explain(&context, request, &response).ok());
    for (const v1::FeatureContribution& feature : response.contributions()) {
      if (feature.feature() == "purchases") return feature.value();
    }
    return NAN;
  }
  std::string Metrics() const { return HttpGet(server_->metrics_address(), "/metrics"); }
};

TEST_F(ProfileServerTest, EventsAreFoldedAnsweredAndBackAfterARestart) {
  StartWithProfiles();
  Consent("ada", {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_PROFILE_ADVERTISING});
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(With("ada", {Purchase("a"), Purchase("b", 30)}), answer).ok());
  EXPECT_EQ(answer.segments(0).segment_id(), "buyer");
  v1::RecordEventsResponse recorded;
  ASSERT_TRUE(
      Record("ada", {Purchase("a"), Purchase("c"), Purchase("d"), Purchase("e"), Purchase("f")}, recorded).ok());
  EXPECT_EQ(recorded.outcome(), v1::OUTCOME_RECORDED);
  EXPECT_EQ(recorded.reason(), "profile.kept");
  EXPECT_EQ(recorded.folded(), 4u);
  EXPECT_EQ(recorded.repeated_events(), 1u);
  EXPECT_EQ(PurchasesOf("ada"), 6);
  EXPECT_EQ(PurchasesOf("ada", {Purchase("g")}), 7);
  EXPECT_EQ(PurchasesOf("ada"), 6);
  EXPECT_NE(Metrics().find("assent_events_total{result=\"folded\"} 6\n"), std::string::npos) << Metrics();
  EXPECT_NE(Metrics().find("assent_events_total{result=\"repeated\"} 1\n"), std::string::npos);
  EXPECT_NE(Metrics().find("\nassent_profiles 1\n"), std::string::npos);
  Restart();
  Until([&] { return caller_->Assign(EventOf("ada", {}), answer).ok(); });
  EXPECT_EQ(answer.segments(0).segment_id(), "collector");
  EXPECT_EQ(PurchasesOf("ada"), 6);
  // The repeat window is back too.
  ASSERT_TRUE(Record("ada", {Purchase("f")}, recorded).ok());
  EXPECT_EQ(recorded.repeated_events(), 1u);
}

TEST_F(ProfileServerTest, WithoutTheProfilePurposeNothingIsKept) {
  StartWithProfiles();
  Consent("ada", {v1::PURPOSE_SELECT_ADVERTISING});
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(With("ada", {Purchase("a"), Purchase("b", 30)}), answer).ok());
  EXPECT_EQ(answer.segments(0).segment_id(), "buyer");
  v1::RecordEventsResponse recorded;
  ASSERT_TRUE(Record("ada", {Purchase("a")}, recorded).ok());
  EXPECT_EQ(recorded.outcome(), v1::OUTCOME_NO_CONSENT);
  EXPECT_EQ(recorded.reason(), "consent.none");
  EXPECT_EQ(recorded.folded(), 0u);
  EXPECT_EQ(PurchasesOf("ada"), 0);
  EXPECT_NE(Metrics().find("\nassent_profiles 0\n"), std::string::npos);
  EXPECT_NE(Metrics().find("assent_events_total{result=\"not_kept\"} 2\n"), std::string::npos);
}

TEST_F(ProfileServerTest, AWithdrawnProfileIsGoneEverywhereAndStaysGone) {
  StartWithProfiles();
  Consent("ada", {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_PROFILE_ADVERTISING});
  v1::RecordEventsResponse recorded;
  ASSERT_TRUE(Record("ada", {Purchase("a"), Purchase("b")}, recorded).ok());
  Restart();  // so that it is on the disk as well
  v1::AssignResponse answer;
  Until([&] { return caller_->Assign(EventOf("ada", {}), answer).ok(); });
  EXPECT_EQ(PurchasesOf("ada"), 2);
  Withdraw("ada", v1::PURPOSE_PROFILE_ADVERTISING);
  EXPECT_EQ(PurchasesOf("ada"), 0);
  ASSERT_TRUE(Record("ada", {Purchase("c")}, recorded).ok());
  EXPECT_EQ(recorded.reason(), "consent.withdrawn");
  ASSERT_TRUE(caller_->Assign(With("ada", {Purchase("d")}), answer).ok());
  EXPECT_EQ(PurchasesOf("ada"), 0);
  v1::BatchAssignRequest batch;
  batch.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  batch.set_namespace_("cookie");
  batch.add_subject_ids("ada");
  v1::BatchAssignResponse rows;
  grpc::ClientContext context;
  ASSERT_TRUE(caller_->assignment->BatchAssign(&context, batch, &rows).ok());
  EXPECT_EQ(rows.segment_ids(0), "browser");
  Restart();
  Until([&] { return caller_->Assign(EventOf("ada", {}), answer).ok(); });
  EXPECT_EQ(PurchasesOf("ada"), 0);
  Consent("ada", {v1::PURPOSE_PROFILE_ADVERTISING});
  EXPECT_EQ(PurchasesOf("ada"), 0);
}

TEST_F(ProfileServerTest, BadEventsOverTheWireLeaveTheProfileAsItWas) {
  Configuration configuration = Defaults();
  configuration.events.unknown_type = EventRules::UnknownType::kRefuse;
  StartWithProfiles(configuration);
  Consent("ada", {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_PROFILE_ADVERTISING});
  v1::RecordEventsResponse recorded;
  ASSERT_TRUE(Record("ada", {Purchase("a")}, recorded).ok());
  const auto wrong = [&](auto change) {
    v1::Event bad = Purchase("c");
    change(bad);
    v1::AssignResponse answer;
    const grpc::Status assigned = caller_->Assign(With("ada", {Purchase("b"), bad}), answer);
    const grpc::Status kept = Record("ada", {Purchase("b"), bad}, recorded);
    EXPECT_EQ(assigned.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(assigned) + FieldOf(assigned), ReasonOf(kept) + FieldOf(kept));
    return ReasonOf(kept) + " " + FieldOf(kept);
  };
  using E = v1::Event;
  EXPECT_EQ(wrong([](E& e) { e.set_type("teleport"); }), "EVENT_TYPE_UNKNOWN events[1].type");
  EXPECT_EQ(wrong([](E& e) { (*e.mutable_attributes())["price"].set_text("10"); }),
            "ATTRIBUTE_KIND_MISMATCH events[1].attributes[\"price\"]");
  EXPECT_EQ(wrong([](E& e) { e.mutable_time()->set_seconds(-1); }), "VALUE_OUT_OF_RANGE events[1].time");
  EXPECT_EQ(wrong([](E& e) { e.mutable_time()->set_seconds(e.time().seconds() + 3600); }),
            "VALUE_OUT_OF_RANGE events[1].time");
  EXPECT_EQ(wrong([](E& e) { e.clear_event_id(); }), "FIELD_REQUIRED events[1].event_id");
  v1::AssignRequest many = With("ada", {});
  for (int i = 0; i < 10'000; ++i) *many.add_events() = Purchase("m" + std::to_string(i));
  v1::AssignResponse answer;
  const grpc::Status status = caller_->Assign(many, answer);
  EXPECT_EQ(ReasonOf(status) + " " + FieldOf(status), "TOO_MANY_ENTRIES events");
  EXPECT_EQ(PurchasesOf("ada"), 1);
}

TEST_F(ProfileServerTest, AStreamFoldsEachMessageAndABadOneFailsAlone) {
  StartWithProfiles();
  Consent("ada", {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_PROFILE_ADVERTISING});
  grpc::ClientContext context;
  const auto stream = caller_->assignment->StreamAssign(&context);
  v1::StreamAssignRequest request;
  v1::StreamAssignResponse response;
  const auto send = [&](const v1::AssignRequest& one) {
    *request.mutable_request() = one;
    return stream->Write(request) && stream->Read(&response);
  };
  ASSERT_TRUE(send(With("ada", {Purchase("a")})));
  v1::Event bad = Purchase("b");
  bad.clear_time();
  ASSERT_TRUE(send(With("ada", {Purchase("c"), bad})));
  ASSERT_TRUE(response.has_error());
  EXPECT_EQ(response.error().message(), "request.events[1].time: is required");
  ASSERT_TRUE(send(With("ada", {Purchase("d", 30)})));
  EXPECT_EQ(response.response().segments(0).segment_id(), "buyer");
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(PurchasesOf("ada"), 2);
}

}  // namespace
}  // namespace assent::server
