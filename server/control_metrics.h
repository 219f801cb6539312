// What the control plane counts. Calls there are few and may block, so a mutex is cheap enough.
#ifndef ASSENT_SERVER_CONTROL_METRICS_H_
#define ASSENT_SERVER_CONTROL_METRICS_H_

#include <array>
#include <chrono>
#include <mutex>

#include "grpcpp/support/status.h"
#include "server/cell.h"
#include "server/control_method.h"

namespace assent::server {

// Threads: safe.
class ControlMetrics {
 public:
  void CountCall(ControlMethod method, grpc::StatusCode code, std::chrono::nanoseconds duration) {
    const std::lock_guard lock(mutex_);
    rpc_[static_cast<size_t>(method)].Count(code, duration.count());
  }
  // A consent change that reached the disk, from the request's arrival at the store to its acknowledgement.
  void CountWrite(std::chrono::nanoseconds duration) {
    const std::lock_guard lock(mutex_);
    writes_.Observe(duration.count());
  }
  const std::array<RpcCells, kControlMethodCount>& rpc() const { return rpc_; }
  const DurationCells& writes() const { return writes_; }

 private:
  std::mutex mutex_;  // makes the writers of the cells one at a time; readers need none
  std::array<RpcCells, kControlMethodCount> rpc_;
  DurationCells writes_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONTROL_METRICS_H_
