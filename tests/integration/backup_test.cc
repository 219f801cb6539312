// Backups through the whole server: made while it serves, restored, closed to everybody until the release.
#include "absl/time/clock.h"
#include "server/role_table.h"
#include "server/server.h"
#include "storage/backup_restore.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

class BackupServerTest : public ServerTest {
 protected:
  using BackupStub = v1::BackupService::Stub;

  Configuration WithBackups() {
    Configuration configuration = Defaults();
    configuration.backup_dir = folder_.Path("backups");
    for (const char* role : {"operator", "privacy"}) configuration.insecure_roles |= RoleBitFromName(role);
    return configuration;
  }
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (BackupStub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return (caller_->backup.get()->*method)(&context, request, &response);
  }
  v1::CreateBackupResponse Create() {
    v1::CreateBackupResponse response;
    const grpc::Status status = Call(&BackupStub::CreateBackup, v1::CreateBackupRequest(), response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  int Count() {
    v1::ListBackupsResponse response;
    EXPECT_TRUE(Call(&BackupStub::ListBackups, v1::ListBackupsRequest(), response).ok());
    return response.backups_size();
  }
  std::string ReasonFor(const std::string& id) {
    v1::AssignResponse answer;
    const grpc::Status status = caller_->Assign(EventOf(id, kLight), answer);
    return status.ok() ? answer.reason() : ReasonOf(status);
  }
};

TEST_F(BackupServerTest, MadeListedAndPurged) {
  WriteModel("first");
  Start(WithBackups());
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  const v1::Backup first = Create().backup();
  EXPECT_EQ(first.id(), 1u);
  EXPECT_EQ(first.sequence(), 1u);
  EXPECT_GT(first.bytes(), 0u);
  EXPECT_GT(first.create_time().seconds(), 1'700'000'000);
  const v1::Backup second = Create().backup();
  v1::ListBackupsResponse list;
  ASSERT_TRUE(Call(&BackupStub::ListBackups, v1::ListBackupsRequest(), list).ok());
  ASSERT_EQ(list.backups_size(), 2);
  EXPECT_EQ(list.backups(0).SerializeAsString(), first.SerializeAsString());
  const std::string metrics = HttpGet(server_->metrics_address(), "/metrics");
  EXPECT_NE(metrics.find("assent_backups 2\n"), std::string::npos);
  EXPECT_NE(metrics.find("assent_consent_restored 0\n"), std::string::npos);
  v1::PurgeBackupsRequest purge;
  v1::PurgeBackupsResponse purged;
  EXPECT_EQ(ReasonOf(Call(&BackupStub::PurgeBackups, purge, purged)), "FIELD_REQUIRED");
  purge.mutable_create_time_before()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
  EXPECT_EQ(ReasonOf(Call(&BackupStub::PurgeBackups, purge, purged)), "VALUE_OUT_OF_RANGE");
  *purge.mutable_create_time_before() = second.create_time();
  ASSERT_TRUE(Call(&BackupStub::PurgeBackups, purge, purged).ok());
  EXPECT_EQ(purged.purged(), 1u);
  EXPECT_EQ(Count(), 1);
  v1::ReleaseRestoredResponse released;
  ASSERT_TRUE(Call(&BackupStub::ReleaseRestored, v1::ReleaseRestoredRequest(), released).ok());
  EXPECT_FALSE(released.was_closed());
}

TEST_F(BackupServerTest, ARestoredServerRefusesEverybodyUntilTheRelease) {
  WriteModel("first");
  Configuration configuration = WithBackups();
  Start(configuration);
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  ASSERT_TRUE(caller_->Grant("bob", granted).ok());
  Create();
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(caller_->Withdraw("ada", withdrawn).ok());
  server_.reset();
  ASSERT_TRUE(
      storage::RestoreBackup({.backup_dir = folder_.Path("backups"), .data_dir = folder_.Path("restored")}).ok());

  configuration.data_dir = folder_.Path("restored");
  for (int start = 0; start < 2; ++start) {
    server_.reset();
    Start(configuration);
    Until([&] { return ReasonFor("ada") != "NO_MODEL"; });
    for (const char* person : {"ada", "bob", "a stranger"}) EXPECT_EQ(ReasonFor(person), "consent.closed") << person;
    EXPECT_NE(HttpGet(server_->metrics_address(), "/metrics").find("assent_consent_restored 1\n"), std::string::npos);
  }
  v1::AssignRequest with_token = EventOf("bob", kLight);
  with_token.set_consent_token(granted.consent_token());
  v1::AssignResponse answer;
  EXPECT_EQ(ReasonOf(caller_->Assign(with_token, answer)), "CONSENT_TOKEN_OTHER_EPOCH");
  // What was withdrawn since is entered again; grants of now wait for the release as well.
  ASSERT_TRUE(caller_->Withdraw("ada", withdrawn).ok());
  ASSERT_TRUE(caller_->Grant("cem", granted).ok());
  EXPECT_EQ(ReasonFor("ada"), "consent.withdrawn");
  EXPECT_EQ(ReasonFor("cem"), "consent.closed");

  v1::ReleaseRestoredResponse released;
  ASSERT_TRUE(Call(&BackupStub::ReleaseRestored, v1::ReleaseRestoredRequest(), released).ok());
  EXPECT_TRUE(released.was_closed());
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(ReasonFor("ada"), "consent.withdrawn");
    EXPECT_EQ(ReasonFor("bob"), "model.nearest");
    EXPECT_EQ(ReasonFor("cem"), "model.nearest");
    EXPECT_EQ(ReasonFor("a stranger"), "consent.none");
    EXPECT_NE(HttpGet(server_->metrics_address(), "/metrics").find("assent_consent_restored 0\n"), std::string::npos);
    server_.reset();
    Start(configuration);
    Until([&] { return ReasonFor("bob") != "NO_MODEL"; });
  }
}

TEST_F(BackupServerTest, WithoutAFolderThereAreNone) {
  Configuration configuration = WithBackups();
  configuration.backup_dir = "";
  Start(configuration);
  v1::CreateBackupResponse created;
  v1::ListBackupsResponse list;
  v1::PurgeBackupsResponse purged;
  EXPECT_EQ(ReasonOf(Call(&BackupStub::CreateBackup, v1::CreateBackupRequest(), created)), "BACKUPS_OFF");
  EXPECT_EQ(ReasonOf(Call(&BackupStub::ListBackups, v1::ListBackupsRequest(), list)), "BACKUPS_OFF");
  EXPECT_EQ(ReasonOf(Call(&BackupStub::PurgeBackups, v1::PurgeBackupsRequest(), purged)), "BACKUPS_OFF");
}

TEST_F(BackupServerTest, AFolderInUseStopsTheStart) {
  Start(WithBackups());
  Configuration other = WithBackups();
  other.data_dir = folder_.Path("other");
  const auto second = Server::Start(other);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(second.status().message().substr(0, 12), "backup_dir: ") << second.status();
}

TEST_F(BackupServerTest, OperatorsMakeThemAndPrivacyReleases) {
  Configuration configuration = WithBackups();
  configuration.insecure_roles = RoleBitFromName("operator");
  Start(configuration);
  Create();
  v1::ReleaseRestoredResponse released;
  EXPECT_EQ(ReasonOf(Call(&BackupStub::ReleaseRestored, v1::ReleaseRestoredRequest(), released)), "ROLE_REQUIRED");
  server_.reset();
  configuration.insecure_roles = RoleBitFromName("privacy");
  Start(configuration);
  EXPECT_TRUE(Call(&BackupStub::ReleaseRestored, v1::ReleaseRestoredRequest(), released).ok());
  v1::CreateBackupResponse created;
  EXPECT_EQ(ReasonOf(Call(&BackupStub::CreateBackup, v1::CreateBackupRequest(), created)), "ROLE_REQUIRED");
}

}  // namespace
}  // namespace assent::server
