// The data plane: AssignmentService on completion queues, one polling thread a queue.
#ifndef ASSENT_SERVER_DATA_PLANE_H_
#define ASSENT_SERVER_DATA_PLANE_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "server/assignment_handler.h"

namespace assent::server {

struct DataPlaneOptions {
  std::string listen = "127.0.0.1:0";                      // HOST:PORT; port 0 picks a free one
  std::shared_ptr<grpc::ServerCredentials> credentials{};  // null: no transport security
  int threads = 1;                                         // polling threads, one queue each
  int message_bytes_max = 4 << 20;                         // of a request
  int metadata_bytes_max = 8192;                           // of a request
  int streams_per_connection_max = 1024;                   // concurrent calls on one connection
  size_t calls_in_flight_max = 4096;                       // shared out evenly among the threads, rounded up
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

  // What the health service answers, for the server ("") and for "assent.v1.AssignmentService". Both start as serving.
  void SetServing(bool server, bool assignment_service);

  // Takes no new calls, lets those in flight end, cancels what is left after `patience`, joins the threads. Blocks.
  // Idempotent.
  void Drain(std::chrono::milliseconds patience);

 private:
  struct Impl;
  explicit DataPlane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DATA_PLANE_H_
