// The data plane: AssignmentService on completion queues, one polling thread a queue.
#ifndef ASSENT_SERVER_DATA_PLANE_H_
#define ASSENT_SERVER_DATA_PLANE_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "server/assignment_handler.h"
#include "server/transport_limits.h"

namespace assent::server {

struct DataPlaneOptions {
  std::string listen = "127.0.0.1:0";                      // HOST:PORT; port 0 picks a free one
  std::shared_ptr<grpc::ServerCredentials> credentials{};  // null: no transport security
  int threads = 1;                                         // polling threads, one queue each
  TransportLimits transport{};
  size_t calls_in_flight_max = 4096;       // unary; shared out evenly among the threads, rounded up
  size_t streams_max = 1024;               // StreamAssign; shared out likewise
  bool assignment_service_serving = true;  // what Health says of it from the first moment
};

// Why one thread a queue: measured, a connection that is polled by several threads loses a fifth of its calls to
// hand-over between them.
// Threads: Start, SetServing and Drain from one thread that is not a polling thread.
class DataPlane {
 public:
  // Listens and serves. Errors: InvalidArgument (options), Unavailable (the address is taken or is none).
  static absl::StatusOr<std::unique_ptr<DataPlane>> Start(const DataPlaneOptions& options,
                                                          const AssignmentHandlerFactory& make_handler);
  ~DataPlane();  // drains without patience
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  // The real address, HOST:PORT.
  const std::string& address() const;
  int port() const;

  // What the health service answers, for the server ("") and for "assent.v1.AssignmentService". Nothing once
  // it drains.
  void SetServing(bool server, bool assignment_service);

  // Takes no new calls, lets those in flight end, cancels what is left at `deadline`, joins the threads. Blocks.
  // Idempotent. A call that arrives before its client has heard of it is CANCELLED, unseen by any handler.
  void Drain(std::chrono::system_clock::time_point deadline);

 private:
  struct Impl;
  explicit DataPlane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DATA_PLANE_H_
