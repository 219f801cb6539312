// The program assentd: command line, ready line, signals, and what it leaves behind.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/child_process.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class ProcessTest : public ServerTest {
 protected:
  std::vector<std::string> Arguments(const std::string& more = "") const {
    const std::string config =
        folder_.Write("config", "data_dir: '" + folder_.Path("data") + "'\npseudonym_key_file: '" +
                                    folder_.Path("key") + "'\nmodel: '" + folder_.Path("model.assent") +
                                    "'\ninsecure_roles: 'assign'\ninsecure_roles: 'consent'\ninsecure_roles: "
                                    "'privacy'\nmodel_poll_ms: 3600000\n" +
                                    more + "\n");
    return {"--config",         config,        "--listen",         "127.0.0.1:0",
            "--control_listen", "127.0.0.1:0", "--metrics_listen", "127.0.0.1:0"};
  }
  void StartProcess(const std::string& drain_delay = "drain_delay_ms: 0") {
    process_ = std::make_unique<ChildProcess>(ASSENTD, Arguments(drain_delay), folder_.Path("log"));
    const std::string ready = process_->ReadLine();
    std::istringstream words(ready);
    std::string assentd, is_ready, listen, control, metrics, more_words;
    words >> assentd >> is_ready >> listen >> control >> metrics;
    ASSERT_EQ(assentd + " " + is_ready, "assentd ready") << ready << client::ReadAll(folder_.Path("log"));
    ASSERT_FALSE(words >> more_words) << ready;
    data_ = After("listen=", listen);
    metrics_ = After("metrics_listen=", metrics);
    control_ = After("control_listen=", control);
    caller_ = std::make_unique<Caller>(data_, control_, grpc::InsecureChannelCredentials());
  }
  // With a model, and consent of each id.
  void StartWithGrants(const std::vector<std::string>& ids) {
    WriteModel("first");
    StartProcess();
    v1::RecordConsentResponse granted;
    for (const std::string& id : ids) ASSERT_TRUE(caller_->Grant(id, granted).ok());
  }
  static std::string After(const std::string& name, const std::string& word) {
    EXPECT_EQ(word.substr(0, name.size()), name) << word;
    return word.substr(std::min(word.size(), name.size()));
  }
  int Stop() {
    caller_.reset();  // an idle client of this process hears of the server's goodbye only when it looks, seconds later
    process_->Signal(SIGTERM);
    return process_->Wait();
  }
  // Runs it to its end.
  int RunOnce(const std::vector<std::string>& arguments) const {
    return ChildProcess(ASSENTD, arguments, folder_.Path("log")).Wait();
  }
  std::string Log() const { return client::ReadAll(folder_.Path("log")); }

  std::unique_ptr<ChildProcess> process_;
  std::string data_;
  std::string control_;
  std::string metrics_;
};

TEST_F(ProcessTest, SaysItsPortsAndEndsWithStatus0) {
  WriteModel("first");
  StartProcess();
  v1::AssignResponse answer;
  EXPECT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(Stop(), 0);
  EXPECT_NE(Log().find("\"event\":\"drained\""), std::string::npos);
}

TEST_F(ProcessTest, BadCommandLinesAndConfigurationsAreNamed) {
  EXPECT_NE(RunOnce({}), 0);
  EXPECT_NE(RunOnce({"--config", folder_.Path("none")}), 0);
  EXPECT_NE(Log().find("none: No such file"), std::string::npos) << Log();
  auto arguments = Arguments("listen: 'x'");
  arguments.push_back("--check_config");
  EXPECT_EQ(RunOnce(arguments), 0);  // the flag overrides the bad field
  arguments = {"--config", arguments[1], "--check_config"};
  EXPECT_EQ(RunOnce(arguments), 1);
  EXPECT_NE(Log().find("assentd: listen: must be HOST:PORT"), std::string::npos) << Log();
  EXPECT_EQ(RunOnce({"--help"}), 0);
}

TEST_F(ProcessTest, HangUpReadsTheModelAgain) {
  WriteModel("first");
  StartProcess();
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  WriteModel("second");
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.model().name(), "first");  // it looks at the file once an hour
  process_->Signal(SIGHUP);
  Until([&] { return caller_->Assign(EventOf("ada", kLight), answer).ok() && answer.model().name() == "second"; });
  EXPECT_EQ(Stop(), 0);
}

TEST_F(ProcessTest, ASecondProcessOnTheFolderIsRefused) {
  WriteModel("first");
  StartProcess();
  EXPECT_EQ(RunOnce(Arguments()), 1);
  EXPECT_NE(Log().find("assentd: data_dir: "), std::string::npos) << Log();
  v1::AssignResponse answer;
  EXPECT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(Stop(), 0);
}

TEST_F(ProcessTest, ADiskThatRefusesIsToldAndAssignmentsGoOn) {
  StartWithGrants({"ada", "bob"});
  v1::WithdrawConsentResponse withdrawn;
  auto health = grpc::health::v1::Health::NewStub(grpc::CreateChannel(control_, grpc::InsecureChannelCredentials()));
  const auto check = [&](const char* service) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(health->Check(&context, request, &response).ok());
    return response.status();
  };
  constexpr char kConsent[] = "assent.v1.ConsentService";
  constexpr char kRefuses[] = "\nassent_consent_disk_refuses ";
  EXPECT_EQ(check(kConsent), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_NE(HttpGet(metrics_, "/metrics").find(std::string(kRefuses) + "0\n"), std::string::npos);
  process_->LimitFileSize(1);
  EXPECT_EQ(ReasonOf(caller_->Withdraw("bob", withdrawn)), "STORAGE_UNAVAILABLE");
  Until([&] { return check(kConsent) == grpc::health::v1::HealthCheckResponse::NOT_SERVING; });
  EXPECT_EQ(check(""), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_NE(HttpGet(metrics_, "/metrics").find(std::string(kRefuses) + "1\n"), std::string::npos);
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
  ASSERT_TRUE(caller_->Assign(EventOf("bob", kLight), answer).ok());
  EXPECT_EQ(answer.reason(), "consent.closed");
  health.reset();
  EXPECT_EQ(Stop(), 0);
}

TEST_F(ProcessTest, KilledItKeepsWhatItAcknowledged) {
  StartWithGrants({"ada", "bob"});
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(caller_->Withdraw("bob", withdrawn).ok());
  process_->Signal(SIGKILL);
  EXPECT_EQ(process_->Wait(), -SIGKILL);
  StartProcess();
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
  ASSERT_TRUE(caller_->Assign(EventOf("bob", kLight), answer).ok());
  EXPECT_EQ(answer.reason(), "consent.withdrawn");
  EXPECT_EQ(Stop(), 0);
}

// A load balancer that stops sending when health says NOT_SERVING sees no failed call.
TEST_F(ProcessTest, WhatWasErasedIsSweptAfterAStart) {
  WriteModel("first");
  StartProcess("drain_delay_ms: 0\ninsecure_roles: 'subject'");
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  v1::EraseSubjectRequest erase;
  *erase.mutable_subject() = EventOf("ada", kLight).subject();
  v1::EraseSubjectResponse erased;
  {
    grpc::ClientContext context;  // it holds the channel
    ASSERT_TRUE(caller_->subject->EraseSubject(&context, erase, &erased).ok());
  }
  EXPECT_EQ(Stop(), 0);
  StartProcess();
  Until([&] { return Log().find("\"event\":\"erasures_swept\"") != std::string::npos; });
  EXPECT_NE(Log().find("\"subjects\":1"), std::string::npos) << Log();
  EXPECT_EQ(Stop(), 0);
}

TEST_F(ProcessTest, ATerminatedServerFailsNoCallOfThoseThatHeedHealth) {
  WriteModel("first");
  StartProcess("drain_delay_ms: 3600000");
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      v1::AssignResponse answer;
      while (!stop) {
        failed += caller_->Assign(EventOf("ada", kLight), answer).ok() ? 0 : 1;
        ++done;
      }
    });
  }
  Until([&] { return done > 100; });
  auto health = grpc::health::v1::Health::NewStub(grpc::CreateChannel(data_, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  auto watch = health->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse status;
  ASSERT_TRUE(watch->Read(&status));
  EXPECT_EQ(status.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  process_->Signal(SIGTERM);
  ASSERT_TRUE(watch->Read(&status));
  EXPECT_EQ(status.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  const int then = done;
  Until([&] { return done > then + 100; });  // still served
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  process_->Signal(SIGTERM);  // nobody calls any more: the rest of the delay is of no use
  caller_.reset();
  context.TryCancel();
  health.reset();
  EXPECT_EQ(process_->Wait(), 0);
}

TEST_F(ProcessTest, MetricsPassPromtool) {
  if (std::system("promtool --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is missing (package prometheus)";
  WriteModel("first");
  StartProcess();
  v1::RecordConsentResponse granted;
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  const std::string text = HttpGet(metrics_, "/metrics");
  EXPECT_NE(text.find("assent_assignments_total{segment=\"light\"} 1\n"), std::string::npos) << text;
  const std::string command =
      "promtool check metrics < " + folder_.Write("metrics", text) + " > " + folder_.Path("promtool.out") + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << client::ReadAll(folder_.Path("promtool.out"));
  EXPECT_EQ(Stop(), 0);
}

// Ids planted in every field that can hold text, in good calls and bad, are nowhere afterwards: not in an error, a
// figure, a log line or a file of the data folder.
TEST_F(ProcessTest, NoRawIdIsLeftAnywhere) {
  const std::string id = "planted-subject-4711";
  const std::string notice = "planted-notice-4711";
  WriteModel("first");
  StartProcess();
  int errors = 0;
  const auto says_nothing = [&](const grpc::Status& status) {
    errors += status.ok() ? 0 : 1;
    for (const std::string& planted : {id, notice}) {
      EXPECT_EQ(status.error_message().find(planted), std::string::npos) << status.error_message();
      EXPECT_EQ(status.error_details().find(planted), std::string::npos) << status.error_message();
    }
  };
  v1::RecordConsentResponse granted;
  v1::WithdrawConsentResponse withdrawn;
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Grant(id, granted).ok());
  ASSERT_TRUE(caller_->Assign(EventOf(id, kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
  using Assign = v1::AssignRequest;
  const auto assign = [&](auto change) {
    Assign request = EventOf(id, kLight);
    change(request);
    says_nothing(caller_->Assign(request, answer));
  };
  assign([&](Assign& r) { r.mutable_subject()->set_id(id + std::string(300, 'x')); });
  assign([&](Assign& r) { r.mutable_subject()->set_namespace_(id + "!"); });
  assign([&](Assign& r) { r.set_consent_token(id); });
  assign([&](Assign& r) { r.set_consent_token(id + std::string(300, 'x')); });
  assign([&](Assign& r) { r.mutable_context()->set_placement(id + "@example.com"); });
  assign([&](Assign& r) { r.mutable_signals()->set_jurisdiction(id); });
  assign([&](Assign& r) { r.mutable_signals()->set_us_privacy(id); });
  assign([&](Assign& r) {
    r.clear_features();
    (*r.mutable_features()->mutable_named())[id] = 1;
  });
  const auto record = [&](auto change) {
    v1::RecordConsentRequest request = GrantOf(id, {v1::PURPOSE_SELECT_ADVERTISING});
    change(request);
    says_nothing(caller_->Record(request, granted));
  };
  using Record = v1::RecordConsentRequest;
  record([&](Record& r) { r.set_etag(id); });
  record([&](Record& r) { r.set_request_id(id); });
  record([&](Record& r) { r.set_jurisdiction(id); });
  record([&](Record& r) { r.set_notice_version(id + std::string(300, 'x')); });
  record([&](Record& r) { r.set_notice_id(id + std::string(300, 'x')); });
  EXPECT_EQ(errors, 13);
  assign([&](Assign& r) { r.mutable_signals()->set_tcf(id); });
  EXPECT_EQ(answer.reason(), "signal.tcf");
  record([&](Record& r) { r.set_notice_version(notice); });
  EXPECT_EQ(errors, 14);
  ASSERT_TRUE(caller_->Withdraw(id, withdrawn).ok());
  const std::string metrics = HttpGet(metrics_, "/metrics");
  EXPECT_NE(metrics.find("assent_consent_index_subjects 1\n"), std::string::npos);
  EXPECT_EQ(metrics.find("planted"), std::string::npos);
  EXPECT_EQ(Stop(), 0);
  EXPECT_NE(Log().find("storage_opened"), std::string::npos);
  EXPECT_EQ(Log().find("planted"), std::string::npos);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.Path("data"))) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_EQ(client::ReadAll(entry.path()).find(id), std::string::npos) << entry.path();
  }
  EXPECT_GT(files, 2);
}

}  // namespace
}  // namespace assent::server
