#include "server/health_service.h"

#include <chrono>

#include "server/status_conversion.h"

namespace assent::server {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// How soon a thread notices that its watcher has gone: gRPC gives a synchronous method nothing to wait on for that.
constexpr std::chrono::seconds kLookForGoneWatcher{1};

}  // namespace

void HealthService::SetServing(const std::string& service, bool serving) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    serving_[service] = serving;
  }
  changed_.notify_all();
}

void HealthService::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto& [service, serving] : serving_) serving = false;
  }
  changed_.notify_all();
}

std::optional<HealthService::ServingStatus> HealthService::StatusOf(const std::string& service) const {
  const auto it = serving_.find(service);
  if (it == serving_.end()) return std::nullopt;
  return it->second ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

grpc::Status HealthService::Check(grpc::ServerContext* /*context*/, const HealthCheckRequest* request,
                                  HealthCheckResponse* response) {
  const std::lock_guard lock(mutex_);
  const auto status = StatusOf(request->service());
  if (!status) return grpc::Status(grpc::StatusCode::NOT_FOUND, "unknown service");
  response->set_status(*status);
  return grpc::Status::OK;
}

grpc::Status HealthService::Watch(grpc::ServerContext* context, const HealthCheckRequest* request,
                                  grpc::ServerWriter<HealthCheckResponse>* writer) {
  {
    const std::lock_guard lock(mutex_);
    if (watchers_ == watchers_max_) {
      return ToGrpcStatus(MakeLimitError(Reason::kTooManyWatchers, "", "the number of watchers is",
                                         static_cast<uint64_t>(watchers_max_)));
    }
    ++watchers_;
  }
  grpc::Status status = SendChanges(*context, request->service(), *writer);
  const std::lock_guard lock(mutex_);
  --watchers_;
  return status;
}

grpc::Status HealthService::SendChanges(grpc::ServerContext& context, const std::string& service,
                                        grpc::ServerWriter<HealthCheckResponse>& writer) {
  std::optional<ServingStatus> sent;
  std::unique_lock lock(mutex_);
  while (!context.IsCancelled()) {
    const ServingStatus present = StatusOf(service).value_or(HealthCheckResponse::SERVICE_UNKNOWN);
    if (present != sent) {
      lock.unlock();
      HealthCheckResponse response;
      response.set_status(present);
      if (!writer.Write(response)) break;
      sent = present;
      lock.lock();
      continue;
    }
    if (closed_) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is going away");
    changed_.wait_for(lock, kLookForGoneWatcher);
  }
  return grpc::Status::CANCELLED;
}

}  // namespace assent::server
