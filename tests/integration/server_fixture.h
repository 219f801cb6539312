// A whole server in this process: real RocksDB in a folder of its own, real gRPC on ports that the system picks.
#ifndef ASSENT_TESTS_INTEGRATION_SERVER_FIXTURE_H_
#define ASSENT_TESTS_INTEGRATION_SERVER_FIXTURE_H_

#include <chrono>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "assent/v1/assignment_service.grpc.pb.h"
#include "assent/v1/backup_service.grpc.pb.h"
#include "assent/v1/consent_service.grpc.pb.h"
#include "assent/v1/key_service.grpc.pb.h"
#include "assent/v1/oversight_service.grpc.pb.h"
#include "assent/v1/subject_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/configuration.h"
#include "server/server.h"
#include "tests/client/scratch_folder.h"
#include "tests/server/error_info.h"

namespace assent::server {

// GET http://address/path: the body, or an empty string. A plain socket, so that the test needs no program.
std::string HttpGet(const std::string& address, const std::string& path);

// The stubs of one caller.
struct Caller {
  Caller(const std::string& data, const std::string& control, const std::shared_ptr<grpc::ChannelCredentials>& creds);

  // A call that arrives in the moment of a shutdown may get no answer (docs/operations.md, "Drain").
  static constexpr std::chrono::seconds kCallTimeMax{10};
  grpc::Status Assign(const v1::AssignRequest& request, v1::AssignResponse& response) const;
  grpc::Status RegisterSampleNotice() const;
  // Registers SampleNotice first where the server does not know the notice yet.
  grpc::Status Record(const v1::RecordConsentRequest& request, v1::RecordConsentResponse& response) const;
  grpc::Status Grant(const std::string& id, v1::RecordConsentResponse& response) const;
  grpc::Status Withdraw(const std::string& id, v1::WithdrawConsentResponse& response) const;

  std::unique_ptr<v1::AssignmentService::Stub> assignment;
  std::unique_ptr<v1::ConsentService::Stub> consent;
  std::unique_ptr<v1::SubjectService::Stub> subject;
  std::unique_ptr<v1::BackupService::Stub> backup;
  std::unique_ptr<v1::KeyService::Stub> key;
  std::unique_ptr<v1::OversightService::Stub> oversight;
};

// A notice that names every purpose.
v1::Notice SampleNotice();
// A grant under it.
v1::RecordConsentRequest GrantOf(const std::string& id, std::initializer_list<v1::Purpose> purposes);

// An event of the sample model for SELECT_ADVERTISING.
v1::AssignRequest EventOf(const std::string& id, std::span<const float> features);

class ServerTest : public testing::Test {
 protected:
  ServerTest();

  // A configuration in folder_, with a key, the roles "assign", "consent" and "privacy", and a model file path.
  Configuration Defaults() const;
  void Start(const Configuration& configuration);
  void Start() { Start(Defaults()); }
  void WriteModel(const std::string& name) const;
  // Waits until the condition holds; the test's own limit ends a wait in vain.
  template <typename Condition>
  static void Until(const Condition& condition) {
    while (!condition()) std::this_thread::yield();
  }

  client::ScratchFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Caller> caller_;
};

}  // namespace assent::server

#endif  // ASSENT_TESTS_INTEGRATION_SERVER_FIXTURE_H_
