// How a client reaches assentd: address, transport security, deadline and retries.
#ifndef ASSENT_CLIENT_CHANNEL_H_
#define ASSENT_CLIENT_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace assent::client {

inline constexpr int kAttemptsMax = 5;                     // gRPC clamps more
inline constexpr int kMessageBytesMax = 16 * 1024 * 1024;  // largest answer that is accepted

// Where one listener of assentd is, and how to speak to it.
struct ChannelOptions {
  std::string target;                          // HOST:PORT, or any gRPC target such as dns:///assent:7400
  absl::Duration deadline = absl::Seconds(1);  // of one call, its retries included
  int attempts = 3;                  // 1: no retry. At most kAttemptsMax. UNAVAILABLE and CANCELLED are tried again
  std::string tls_ca_file;           // PEM authorities that sign the server. Set: TLS
  std::string tls_certificate_file;  // PEM chain of this client, for mutual TLS; with tls_key_file
  std::string tls_key_file;          // PEM private key
  std::string tls_server_name;       // the name in the server's certificate where it is not that of `target`
};

// Opens a channel. It connects with the first call, not here.
// Threads: the channel is safe. Errors: InvalidArgument that names the option; NotFound for a PEM file that cannot be
// read. Cost: reads the PEM files.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const ChannelOptions& options);

// The gRPC service config (JSON) that OpenChannel uses: retries with growing pauses, on UNAVAILABLE, and on CANCELLED
// by the server: so gRPC ends calls that reach a server which just began to shut down (a call that this client cancels
// is not tried again). Both are sound for every method: AssignmentService changes nothing, and ConsentService knows a
// repeated change by its request_id.
// Source: gRFC A6 (client retries); https://github.com/grpc/grpc/blob/master/doc/service_config.md
std::string ServiceConfigJson(int attempts);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CHANNEL_H_
