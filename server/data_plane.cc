#include "server/data_plane.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "assent/v1/assignment_service.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/listen_address.h"
#include "server/polling_thread.h"
#include "server/support_services.h"

namespace assent::server {

struct DataPlane::Impl {
  explicit Impl(bool serving) : support({v1::AssignmentService::service_full_name()}, serving) {}

  AssignmentAsyncService service;
  SupportServices support;
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
  if (options.streams_max < 1) return absl::InvalidArgumentError("streams_max: must be at least 1");
  if (options.transport.message_bytes_max < 1)
    return absl::InvalidArgumentError("message_bytes_max: must be at least 1");
  return absl::OkStatus();
}

size_t Share(size_t whole, int threads) {
  const auto parts = static_cast<size_t>(threads);
  return (whole + parts - 1) / parts;
}

}  // namespace

DataPlane::DataPlane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DataPlane::~DataPlane() { Drain(std::chrono::system_clock::now()); }

absl::StatusOr<std::unique_ptr<DataPlane>> DataPlane::Start(const DataPlaneOptions& options,
                                                            const AssignmentHandlerFactory& make_handler) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  auto impl = std::make_unique<Impl>(options.assignment_service_serving);
  grpc::ServerBuilder builder;
  SetTransportLimits(options.transport, builder);
  builder.AddListeningPort(options.listen,
                           options.credentials ? options.credentials : grpc::InsecureServerCredentials(), &impl->port);
  builder.RegisterService(&impl->service);
  // Beside completion queues gRPC gives synchronous methods queues that never poll, so the few threads of health and
  // reflection cost the polling threads nothing.
  impl->support.Register("data", 0, builder);
  for (int i = 0; i < options.threads; ++i) {
    impl->threads.push_back(std::make_unique<PollingThread>(
        &impl->service, builder.AddCompletionQueue(), make_handler(i),
        Share(options.calls_in_flight_max, options.threads), Share(options.streams_max, options.threads)));
  }
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr) {
    for (auto& thread : impl->threads) thread->CloseAndJoin();
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen));
  }
  impl->address = WithPort(options.listen, impl->port);
  for (auto& thread : impl->threads) thread->Start();
  return std::unique_ptr<DataPlane>(new DataPlane(std::move(impl)));
}

const std::string& DataPlane::address() const { return impl_->address; }
int DataPlane::port() const { return impl_->port; }

void DataPlane::SetServing(bool server, bool assignment_service) {
  impl_->support.health().SetServing("", server);
  impl_->support.health().SetServing(v1::AssignmentService::service_full_name(), assignment_service);
}

void DataPlane::Drain(std::chrono::system_clock::time_point deadline) {
  if (impl_ == nullptr || impl_->drained) return;
  impl_->drained = true;
  impl_->support.health().Close();
  impl_->server->Shutdown(deadline);
  for (auto& thread : impl_->threads) thread->CloseAndJoin();
}

}  // namespace assent::server
