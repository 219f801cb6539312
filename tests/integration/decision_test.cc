// Receipts and the decision log of a whole server: over the wire, over a change of models, over a restart.
#include <sys/stat.h>

#include "server/role_table.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class DecisionTest : public ServerTest {
 protected:
  DecisionTest() {
    WriteModel("first");
    folder_.Write("sealing", std::string(64, 'a') + "\n");
    EXPECT_EQ(chmod(folder_.Path("sealing").c_str(), 0600), 0);
  }
  Configuration WithLog() const {
    Configuration configuration = Defaults();
    configuration.sealing_key_file = folder_.Path("sealing");
    configuration.decisions.logged_per_million = DecisionSettings::kEachDecision;
    configuration.insecure_roles |= RoleBitFromName("subject");
    return configuration;
  }
  void StartWithLog() {
    Start(WithLog());
    v1::AssignResponse answer;
    Until([&] { return caller_->Assign(EventOf("nobody", kLight), answer).ok(); });
  }
  v1::AssignResponse Assign(const std::string& id) {
    v1::AssignRequest request = EventOf(id, kLight);
    request.set_return_receipt(true);
    v1::AssignResponse answer;
    const grpc::Status status = caller_->Assign(request, answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
    return answer;
  }
  grpc::Status Explain(const v1::ExplainRequest& request) {
    grpc::ClientContext context;
    return caller_->assignment->Explain(&context, request, &explained_);
  }
  grpc::Status ExplainReceipt(const std::string& receipt) {
    v1::ExplainRequest request;
    request.set_receipt(receipt);
    return Explain(request);
  }
  // The writer brings it to the disk in its own time.
  grpc::Status ExplainLogged(const std::string& id) {
    v1::ExplainRequest request;
    request.set_decision_id(id);
    grpc::Status status;
    Until([&] {
      status = Explain(request);
      return ReasonOf(status) != "DECISION_NOT_FOUND";
    });
    return status;
  }
  v1::ExplainResponse explained_;
};

TEST_F(DecisionTest, ReceiptAndLogOutliveTheModelAndTheProcess) {
  StartWithLog();
  v1::RecordConsentResponse recorded;
  ASSERT_TRUE(caller_->Grant("ada", recorded).ok());
  const v1::AssignResponse answer = Assign("ada");
  const auto explains = [&] {
    ASSERT_TRUE(ExplainReceipt(answer.receipt()).ok());
    EXPECT_TRUE(explained_.replay().identical());
    EXPECT_EQ(explained_.decision().model().digest(), answer.model().digest());
    ASSERT_TRUE(ExplainLogged(answer.decision_id()).ok());
    EXPECT_TRUE(explained_.replay().identical());
    EXPECT_EQ(explained_.decision().segments(0).segment_id(), "light");
    EXPECT_EQ(explained_.decision().decision_id(), answer.decision_id());
  };
  explains();
  WriteModel("second");
  Until([&] { return Assign("ada").model().name() == "second"; });
  explains();
  server_.reset();
  StartWithLog();
  explains();
}

TEST_F(DecisionTest, AnErasureEndsBoth) {
  StartWithLog();
  v1::RecordConsentResponse recorded;
  ASSERT_TRUE(caller_->Grant("ada", recorded).ok());
  const v1::AssignResponse answer = Assign("ada");
  ASSERT_TRUE(ExplainLogged(answer.decision_id()).ok());
  const auto exported = [&] {
    grpc::ClientContext context;
    v1::ExportSubjectRequest request;
    *request.mutable_subject() = EventOf("ada", kLight).subject();
    const auto reader = caller_->subject->ExportSubject(&context, request);
    std::string text;
    for (v1::ExportSubjectResponse part; reader->Read(&part);) text += part.chunk();
    return text;
  };
  EXPECT_NE(exported().find(answer.decision_id()), std::string::npos);
  grpc::ClientContext context;
  v1::EraseSubjectRequest erase;
  *erase.mutable_subject() = EventOf("ada", kLight).subject();
  v1::EraseSubjectResponse erased;
  ASSERT_TRUE(caller_->subject->EraseSubject(&context, erase, &erased).ok());
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "SUBJECT_ERASED");
  v1::ExplainRequest request;
  request.set_decision_id(answer.decision_id());
  EXPECT_EQ(ReasonOf(Explain(request)), "DECISION_NOT_FOUND");
  EXPECT_EQ(exported().find(answer.decision_id()), std::string::npos);
}

TEST_F(DecisionTest, TheMetricsCount) {
  StartWithLog();
  v1::RecordConsentResponse recorded;
  ASSERT_TRUE(caller_->Grant("ada", recorded).ok());
  ASSERT_TRUE(ExplainLogged(Assign("ada").decision_id()).ok());
  const std::string metrics = HttpGet(server_->metrics_address(), "/metrics");
  EXPECT_NE(metrics.find("assent_decision_log_written_total"), std::string::npos);
  EXPECT_NE(metrics.find("assent_decision_log_dropped_total 0"), std::string::npos);
}

}  // namespace
}  // namespace assent::server
