#include "server/control_plane.h"

#include "absl/strings/str_cat.h"
#include "grpcpp/server_builder.h"
#include "server/listen_address.h"

namespace assent::server {

absl::StatusOr<std::unique_ptr<ControlPlane>> ControlPlane::Start(const ControlPlaneOptions& options,
                                                                  ConsentService& consent, SubjectService& subject,
                                                                  BackupService& backup, KeyService& key,
                                                                  OversightService& oversight) {
  auto plane = std::unique_ptr<ControlPlane>(new ControlPlane);
  grpc::ServerBuilder builder;
  SetTransportLimits(options.transport, builder);
  builder.AddListeningPort(
      options.listen, options.credentials ? options.credentials : grpc::InsecureServerCredentials(), &plane->port_);
  builder.RegisterService(&consent);
  builder.RegisterService(&subject);
  builder.RegisterService(&backup);
  builder.RegisterService(&oversight);
  builder.RegisterService(&key);
  plane->support_.Register("control", options.threads_max, builder);
  plane->server_ = builder.BuildAndStart();
  if (plane->server_ == nullptr) return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen));
  plane->address_ = WithPort(options.listen, plane->port_);
  return plane;
}

ControlPlane::~ControlPlane() { Drain(std::chrono::system_clock::now()); }

void ControlPlane::SetServing(bool serving) {
  support_.health().SetServing("", serving);
  support_.health().SetServing(v1::BackupService::service_full_name(), serving);
  support_.health().SetServing(v1::OversightService::service_full_name(), serving);
  support_.health().SetServing(v1::KeyService::service_full_name(), serving);
  SetConsentServing(serving);
}

void ControlPlane::SetConsentServing(bool serving) {
  support_.health().SetServing(v1::ConsentService::service_full_name(), serving);
  support_.health().SetServing(v1::SubjectService::service_full_name(), serving);
}

void ControlPlane::Drain(std::chrono::system_clock::time_point deadline) {
  if (server_ == nullptr) return;
  support_.health().Close();
  server_->Shutdown(deadline);
  server_->Wait();
  server_.reset();
}

}  // namespace assent::server
