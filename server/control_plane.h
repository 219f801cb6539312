// The control plane: everything but AssignmentService, on threads that may wait for the disk.
#ifndef ASSENT_SERVER_CONTROL_PLANE_H_
#define ASSENT_SERVER_CONTROL_PLANE_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "server/backup_service.h"
#include "server/consent_service.h"
#include "server/key_service.h"
#include "server/oversight_service.h"
#include "server/subject_service.h"
#include "server/support_services.h"
#include "server/transport_limits.h"

namespace assent::server {

struct ControlPlaneOptions {
  std::string listen = "127.0.0.1:0";
  std::shared_ptr<grpc::ServerCredentials> credentials{};
  int threads_max = 32;  // of our services; health and reflection have their own, see SupportServices
  TransportLimits transport{};
};

// Threads: Start and Drain from one thread.
class ControlPlane {
 public:
  // Errors: Unavailable when the address cannot be listened on. Ownership: borrows the services.
  static absl::StatusOr<std::unique_ptr<ControlPlane>> Start(const ControlPlaneOptions& options,
                                                             ConsentService& consent, SubjectService& subject,
                                                             BackupService& backup, KeyService& key,
                                                             OversightService& oversight);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  const std::string& address() const { return address_; }
  int port() const { return port_; }
  void SetServing(bool serving);
  // Of the services that write to the disk of the data. Threads: any; nothing once it drains.
  void SetConsentServing(bool serving);
  // As DataPlane::Drain.
  void Drain(std::chrono::system_clock::time_point deadline);

 private:
  ControlPlane() = default;

  SupportServices support_{{v1::ConsentService::service_full_name(), v1::SubjectService::service_full_name(),
                            v1::BackupService::service_full_name(), v1::KeyService::service_full_name(),
                            v1::OversightService::service_full_name()},
                           true};
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  int port_ = 0;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONTROL_PLANE_H_
