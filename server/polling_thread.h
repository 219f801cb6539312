// One completion queue, the thread that polls it, and the calls that live on it.
#ifndef ASSENT_SERVER_POLLING_THREAD_H_
#define ASSENT_SERVER_POLLING_THREAD_H_

#include <memory>
#include <thread>
#include <vector>

#include "assent/v1/assignment_service.grpc.pb.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"
#include "server/assignment_handler.h"

namespace assent::server {

// What a completion-queue tag points to.
class QueueEvent {
 public:
  virtual ~QueueEvent() = default;
  // `ok` as in grpc::CompletionQueue::Next. Runs on the polling thread.
  virtual void Proceed(bool ok) = 0;
};

// Streams come as bytes: where gRPC parses them itself, a message that is none looks like the end of the stream.
using AssignmentAsyncService =
    v1::AssignmentService::WithAsyncMethod_Assign<v1::AssignmentService::WithAsyncMethod_BatchAssign<
        v1::AssignmentService::WithRawMethod_StreamAssign<v1::AssignmentService::WithAsyncMethod_RecordEvents<
            v1::AssignmentService::WithAsyncMethod_Explain<v1::AssignmentService::Service>>>>>;

// A call whose answer another thread makes.
class WaitingCall {
 public:
  // The queue is about to be shut: the call ends here, unless its answer is on the queue already.
  virtual void Abandon() = 0;

 protected:
  ~WaitingCall() = default;
};

// What the calls of one thread share. Threads: the polling thread only, once it runs.
struct PollingShare {
  AssignmentAsyncService* service = nullptr;
  grpc::ServerCompletionQueue* queue = nullptr;
  AssignmentHandler* handler = nullptr;
  size_t calls_in_flight = 0;  // unary
  size_t calls_in_flight_max = 0;
  size_t streams = 0;
  size_t streams_max = 0;
  bool closing = false;  // nothing may be posted to the queue any more
  std::vector<WaitingCall*> waiting = {};
};

// Keeps enough calls of one method waiting for callers. Ownership: owns its calls.
class CallPool {
 public:
  virtual ~CallPool() = default;
};

// Threads: constructed, Started and joined by one thread; everything between runs on its own.
class PollingThread {
 public:
  PollingThread(AssignmentAsyncService* service, std::unique_ptr<grpc::ServerCompletionQueue> queue,
                std::unique_ptr<AssignmentHandler> handler, size_t calls_in_flight_max, size_t streams_max);
  ~PollingThread();
  PollingThread(const PollingThread&) = delete;
  PollingThread& operator=(const PollingThread&) = delete;

  // Precondition: the server is started.
  void Start();
  // Precondition: the server is shut down, so that every call has ended or is cancelled.
  void CloseAndJoin();

 private:
  // Shuts the queue down on the polling thread itself, so that nothing is posted to a queue that is shut.
  class CloseEvent final : public QueueEvent {
   public:
    explicit CloseEvent(PollingShare& share) : share_(share) {}
    void Proceed(bool ok) override;

   private:
    PollingShare& share_;
  };

  void Poll();

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<AssignmentHandler> handler_;
  PollingShare share_;
  std::unique_ptr<CallPool> pools_[kMethodCount];
  CloseEvent close_event_;
  grpc::Alarm close_alarm_;
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_POLLING_THREAD_H_
