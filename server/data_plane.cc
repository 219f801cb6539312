#include "server/data_plane.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "assent/v1/assignment_service.grpc.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/health_service.h"
#include "server/listen_address.h"
#include "server/polling_thread.h"

namespace assent::server {

struct DataPlane::Impl {
  v1::AssignmentService::AsyncService service;
  HealthService health;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::unique_ptr<PollingThread>> threads;
  std::string address;
  int port = 0;
  bool drained = false;
};

namespace {

absl::Status Check(const DataPlaneOptions& options) {
  if (options.threads < 1 || options.threads > 256) return absl::InvalidArgumentError("threads: must be 1 to 256");
  if (options.calls_in_flight_max < 1) return absl::InvalidArgumentError("calls_in_flight_max: must be at least 1");
  if (options.message_bytes_max < 1) return absl::InvalidArgumentError("message_bytes_max: must be at least 1");
  return absl::OkStatus();
}

void SetLimits(const DataPlaneOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.message_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_per_connection_max);
  // On by default, and then two servers share a port without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

// Health and reflection are synchronous. Beside completion queues gRPC gives such methods queues that never poll, so
// the few threads here cost the polling threads nothing.
void AddSynchronousServices(HealthService& health, grpc::ServerBuilder& builder) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  builder.RegisterService(&health);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  grpc::ResourceQuota quota("data");
  quota.SetMaxThreads(HealthService::kWatchersMax + 8);
  builder.SetResourceQuota(quota);
}

}  // namespace

DataPlane::DataPlane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DataPlane::~DataPlane() { Drain(std::chrono::milliseconds(0)); }

absl::StatusOr<std::unique_ptr<DataPlane>> DataPlane::Start(const DataPlaneOptions& options,
                                                            const AssignmentHandlerFactory& make_handler) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  auto impl = std::make_unique<Impl>();
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  builder.AddListeningPort(options.listen,
                           options.credentials ? options.credentials : grpc::InsecureServerCredentials(), &impl->port);
  builder.RegisterService(&impl->service);
  AddSynchronousServices(impl->health, builder);
  const size_t calls_a_thread =
      (options.calls_in_flight_max + static_cast<size_t>(options.threads) - 1) / static_cast<size_t>(options.threads);
  for (int i = 0; i < options.threads; ++i) {
    impl->threads.push_back(
        std::make_unique<PollingThread>(&impl->service, builder.AddCompletionQueue(), make_handler(i), calls_a_thread));
  }
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr) {
    for (auto& thread : impl->threads) thread->CloseAndJoin();
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen));
  }
  impl->address = WithPort(options.listen, impl->port);
  for (auto& thread : impl->threads) thread->Start();
  impl->health.SetServing("", true);
  impl->health.SetServing(v1::AssignmentService::service_full_name(), true);
  return std::unique_ptr<DataPlane>(new DataPlane(std::move(impl)));
}

const std::string& DataPlane::address() const { return impl_->address; }
int DataPlane::port() const { return impl_->port; }

void DataPlane::SetServing(bool server, bool assignment_service) {
  impl_->health.SetServing("", server);
  impl_->health.SetServing(v1::AssignmentService::service_full_name(), assignment_service);
}

void DataPlane::Drain(std::chrono::milliseconds patience) {
  if (impl_ == nullptr || impl_->drained) return;
  impl_->drained = true;
  impl_->health.Close();
  impl_->server->Shutdown(std::chrono::system_clock::now() + patience);
  for (auto& thread : impl_->threads) thread->CloseAndJoin();
}

}  // namespace assent::server
