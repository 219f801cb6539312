#include "server/control_plane.h"

#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "server/listen_address.h"

namespace assent::server {

absl::StatusOr<std::unique_ptr<ControlPlane>> ControlPlane::Start(const ControlPlaneOptions& options,
                                                                  ConsentService& service) {
  auto plane = std::unique_ptr<ControlPlane>(new ControlPlane);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(options.message_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(
      options.listen, options.credentials ? options.credentials : grpc::InsecureServerCredentials(), &plane->port_);
  grpc::ResourceQuota quota("control");
  quota.SetMaxThreads(options.threads_max);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.RegisterService(&service);
  builder.RegisterService(&plane->health_);
  plane->SetServing(true);
  plane->server_ = builder.BuildAndStart();
  if (plane->server_ == nullptr) return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen));
  plane->address_ = WithPort(options.listen, plane->port_);
  return plane;
}

ControlPlane::~ControlPlane() { Drain(std::chrono::milliseconds(0)); }

void ControlPlane::SetServing(bool serving) {
  health_.SetServing("", serving);
  health_.SetServing(v1::ConsentService::service_full_name(), serving);
}

void ControlPlane::Drain(std::chrono::milliseconds patience) {
  if (server_ == nullptr) return;
  health_.Close();
  server_->Shutdown(std::chrono::system_clock::now() + patience);
  server_->Wait();
  server_.reset();
}

}  // namespace assent::server
