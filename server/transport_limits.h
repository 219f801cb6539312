// What one connection may ask of a listener, and how long a silent one is kept. The same on both planes.
#ifndef ASSENT_SERVER_TRANSPORT_LIMITS_H_
#define ASSENT_SERVER_TRANSPORT_LIMITS_H_

#include <chrono>

#include "grpcpp/server_builder.h"

namespace assent::server {

struct TransportLimits {
  int message_bytes_max = 4 << 20;        // of a request
  int metadata_bytes_max = 8192;          // of a request
  int streams_per_connection_max = 1024;  // concurrent calls on one connection
  // A connection on which nothing arrives for this long is pinged, and closed when no answer comes in time: a caller
  // that vanished without a word (power, network) holds its streams no longer than the sum.
  std::chrono::milliseconds keepalive{60'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
};

void SetTransportLimits(const TransportLimits& limits, grpc::ServerBuilder& builder);

}  // namespace assent::server

#endif  // ASSENT_SERVER_TRANSPORT_LIMITS_H_
