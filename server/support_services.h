// Health and reflection, and the threads that they may hold: beside whichever service a plane serves.
#ifndef ASSENT_SERVER_SUPPORT_SERVICES_H_
#define ASSENT_SERVER_SUPPORT_SERVICES_H_

#include <string>
#include <vector>

#include "grpcpp/server_builder.h"
#include "server/health_service.h"
#include "server/reflection_service.h"

namespace assent::server {

// Both are synchronous: an open stream holds a thread. Each has its bound, and `Register` gives them that many threads
// on top of those of the plane's own methods, so that no number of such streams takes a thread from a call.
class SupportServices {
 public:
  static constexpr int kWatchersMax = 32;
  static constexpr int kReflectionStreamsMax = 8;

  // `services`: the full names of what the plane serves; `serving`: what Health says of them from the first moment.
  SupportServices(const std::vector<std::string>& services, bool serving);

  // `threads`: how many the plane's own synchronous methods may have. Precondition: outlives the server.
  void Register(const std::string& quota_name, int threads, grpc::ServerBuilder& builder);

  HealthService& health() { return health_; }

 private:
  // What the polling takes, and calls that only come to be refused or checked.
  static constexpr int kSpareThreads = 8;

  HealthService health_{kWatchersMax};
  ReflectionService reflection_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SUPPORT_SERVICES_H_
