#include "server/polling_thread.h"

#include <chrono>
#include <utility>

#include "server/stream_call.h"
#include "server/unary_call.h"

namespace assent::server {
namespace {

using Service = AssignmentAsyncService;
using AssignRpc = UnaryRpc<v1::AssignRequest, v1::AssignResponse, Method::kAssign, &Service::RequestAssign,
                           &AssignmentHandler::Assign, /*kWaitingCalls=*/128, kKeptMessageBytes>;
using BatchAssignRpc =
    UnaryRpc<v1::BatchAssignRequest, v1::BatchAssignResponse, Method::kBatchAssign, &Service::RequestBatchAssign,
             &AssignmentHandler::BatchAssign, /*kWaitingCalls=*/16, kKeptBatchBytes>;
using ExplainRpc = UnaryRpc<v1::ExplainRequest, v1::ExplainResponse, Method::kExplain, &Service::RequestExplain,
                            &AssignmentHandler::Explain, /*kWaitingCalls=*/8, kKeptMessageBytes>;
using RecordEventsRpc =
    UnaryRpc<v1::RecordEventsRequest, v1::RecordEventsResponse, Method::kRecordEvents, &Service::RequestRecordEvents,
             &AssignmentHandler::RecordEvents, /*kWaitingCalls=*/64, kKeptMessageBytes>;

}  // namespace

PollingThread::PollingThread(Service* service, std::unique_ptr<grpc::ServerCompletionQueue> queue,
                             std::unique_ptr<AssignmentHandler> handler, size_t calls_in_flight_max, size_t streams_max)
    : queue_(std::move(queue)), handler_(std::move(handler)), close_event_(share_) {
  share_.service = service;
  share_.queue = queue_.get();
  share_.handler = handler_.get();
  share_.calls_in_flight_max = calls_in_flight_max;
  share_.streams_max = streams_max;
}

PollingThread::~PollingThread() = default;

void PollingThread::Start() {
  pools_[0] = std::make_unique<UnaryCallPool<AssignRpc>>(share_);
  pools_[1] = std::make_unique<UnaryCallPool<BatchAssignRpc>>(share_);
  pools_[2] = std::make_unique<UnaryCallPool<ExplainRpc>>(share_);
  pools_[3] = std::make_unique<StreamCallPool>(share_);
  pools_[4] = std::make_unique<UnaryCallPool<RecordEventsRpc>>(share_);
  thread_ = std::thread([this] { Poll(); });
}

void PollingThread::Poll() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    handler_->Awake();
    static_cast<QueueEvent*>(tag)->Proceed(ok);
    handler_->Idle();
  }
}

void PollingThread::CloseEvent::Proceed(bool /*ok*/) {
  share_.closing = true;
  for (WaitingCall* call : share_.waiting) call->Abandon();
  share_.waiting.clear();
  share_.queue->Shutdown();
}

void PollingThread::CloseAndJoin() {
  if (!thread_.joinable()) {  // never started: nothing is posted
    queue_->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
    return;
  }
  close_alarm_.Set(queue_.get(), std::chrono::system_clock::now(), &close_event_);
  thread_.join();
}

}  // namespace assent::server
