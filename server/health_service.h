// The gRPC health protocol, on threads that the data plane does not share.
#ifndef ASSENT_SERVER_HEALTH_SERVICE_H_
#define ASSENT_SERVER_HEALTH_SERVICE_H_

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"

namespace assent::server {

// Why not gRPC's own: it comes with callback threads that poll the data plane's connections too, and measured, a third
// of the calls were lost to them. Synchronous methods beside a completion queue get threads that never poll. Threads:
// safe. A Watch holds one thread; beyond `watchers_max` it is refused (TOO_MANY_WATCHERS).
class HealthService final : public grpc::health::v1::Health::Service {
 public:
  explicit HealthService(int watchers_max) : watchers_max_(watchers_max) {}

  // A service that was never set is unknown. "" stands for the server. After Close it changes nothing.
  void SetServing(const std::string& service, bool serving);
  // Ends every Watch, so that a server can shut down. From now on everything is NOT_SERVING.
  void Close();

  grpc::Status Check(grpc::ServerContext* context, const grpc::health::v1::HealthCheckRequest* request,
                     grpc::health::v1::HealthCheckResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const grpc::health::v1::HealthCheckRequest* request,
                     grpc::ServerWriter<grpc::health::v1::HealthCheckResponse>* writer) override;

 private:
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

  std::optional<ServingStatus> StatusOf(const std::string& service) const;  // under mutex_
  grpc::Status SendChanges(grpc::ServerContext& context, const std::string& service,
                           grpc::ServerWriter<grpc::health::v1::HealthCheckResponse>& writer);

  const int watchers_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, bool> serving_;
  bool closed_ = false;
  int watchers_ = 0;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_HEALTH_SERVICE_H_
