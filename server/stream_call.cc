#include "server/stream_call.h"

#include "server/call_deadline.h"

namespace assent::server {

StreamCallPool::StreamCallPool(PollingShare& share) : share_(share) {
  for (size_t i = 0; i < kWaiting; ++i) Post();
}

void StreamCallPool::Post() {
  if (idle_.empty()) {
    calls_.push_back(std::make_unique<Call>(*this));
    idle_.reserve(calls_.size());
    idle_.push_back(calls_.back().get());
  }
  Call* call = idle_.back();
  idle_.pop_back();
  ++waiting_;
  call->Post();
}

void StreamCallPool::Accepted(Call& call) {
  --waiting_;
  if (waiting_ < kWaiting / 2 && !share_.closing) Post();
  const bool overloaded = share_.calls_in_flight >= share_.calls_in_flight_max;
  ++share_.calls_in_flight;
  call.Open(overloaded);
}

void StreamCallPool::Ended(Call& call) {
  --share_.calls_in_flight;
  idle_.push_back(&call);
  if (waiting_ < kWaiting && !share_.closing) Post();
}

void StreamCallPool::Call::Post() {
  step_ = Step::kWaiting;
  stream_.reset();
  server_context_.reset();
  server_context_.emplace();
  stream_.emplace(&*server_context_);
  auto* queue = pool_.share_.queue;
  pool_.share_.service->RequestStreamAssign(&*server_context_, &*stream_, queue, queue, this);
}

void StreamCallPool::Call::Open(bool overloaded) {
  context_ = {.method = Method::kStreamAssign, .deadline_ns = SteadyDeadline(server_context_->raw_deadline())};
  context_.caller = server_context_->auth_context().get();  // the server context keeps it
  AssignmentHandler& handler = *pool_.share_.handler;
  const grpc::Status status = overloaded ? handler.Overloaded() : handler.OpenStream(context_);
  if (status.ok()) {
    Read();
  } else {
    Finish(status);
  }
}

void StreamCallPool::Call::Proceed(bool ok) {
  switch (step_) {
    case Step::kWaiting:
      if (ok) pool_.Accepted(*this);
      return;  // else the server is shut down; the pool frees this call with itself
    case Step::kReading:
      // Not ok: the caller closed its half, or is gone, in which case Finish comes back not ok.
      return ok ? Answer() : Finish(grpc::Status::OK);
    case Step::kWriting:
      return ok ? Read() : Finish(grpc::Status::CANCELLED);
    case Step::kFinishing:
      pool_.share_.handler->Finished(context_, ok ? code_ : grpc::StatusCode::CANCELLED);
      return pool_.Ended(*this);
  }
}

void StreamCallPool::Call::Read() {
  step_ = Step::kReading;
  stream_->Read(&request_, this);
}

void StreamCallPool::Call::Answer() {
  const grpc::Status status = pool_.share_.handler->AnswerStream(request_, response_, context_);
  if (!status.ok()) return Finish(status);
  step_ = Step::kWriting;
  stream_->Write(response_, this);
}

void StreamCallPool::Call::Finish(const grpc::Status& status) {
  code_ = status.error_code();
  step_ = Step::kFinishing;
  stream_->Finish(status, this);
}

}  // namespace assent::server
