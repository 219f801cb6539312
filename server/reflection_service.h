// The gRPC reflection protocol, with a bound.
#ifndef ASSENT_SERVER_REFLECTION_SERVICE_H_
#define ASSENT_SERVER_REFLECTION_SERVICE_H_

#include <atomic>
#include <string>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace assent::server {

// Why not gRPC's own: it holds a thread for each open stream, without a bound, so that a few idle ones would take the
// threads of every other call. Threads: safe. A stream holds one thread; beyond `streams_max` it is refused
// (TOO_MANY_STREAMS).
class ReflectionService final : public grpc::reflection::v1alpha::ServerReflection::Service {
 public:
  // `services`: full names, what list_services answers.
  ReflectionService(std::vector<std::string> services, int streams_max);

  grpc::Status ServerReflectionInfo(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<grpc::reflection::v1alpha::ServerReflectionResponse,
                               grpc::reflection::v1alpha::ServerReflectionRequest>* stream) override;

 private:
  void Answer(const grpc::reflection::v1alpha::ServerReflectionRequest& request,
              grpc::reflection::v1alpha::ServerReflectionResponse& response) const;

  const std::vector<std::string> services_;
  const int streams_max_;
  std::atomic<int> streams_{0};  // relaxed: it counts, and orders nothing
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_REFLECTION_SERVICE_H_
