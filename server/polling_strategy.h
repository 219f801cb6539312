// Which descriptors a polling thread waits for: its own, and nobody else's.
#ifndef ASSENT_SERVER_POLLING_STRATEGY_H_
#define ASSENT_SERVER_POLLING_STRATEGY_H_

namespace assent::server {

// Makes gRPC give each completion queue a poll set of its own. Its default on Linux (`epoll1`) has one set for the
// whole process: any thread that waits, the control plane's too, may be woken for the data plane's connections, read
// them, and hand the calls over to the thread that owns them. docs/adr/0006 has the figures. An operator's
// GRPC_POLL_STRATEGY stands. Threads: call it in `main`, before the first use of gRPC and before any thread starts.
void SeparatePollers();

}  // namespace assent::server

#endif  // ASSENT_SERVER_POLLING_STRATEGY_H_
