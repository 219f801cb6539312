#include "server/stream_call.h"

#include "server/call_deadline.h"

namespace assent::server {

StreamCallPool::StreamCallPool(PollingShare& share) : share_(share), calls_(kWaiting) {
  for (size_t i = 0; i < kWaiting; ++i) Post();
}

void StreamCallPool::Post() {
  ++waiting_;
  calls_.Take(*this).Post();
}

void StreamCallPool::Accepted(Call& call) {
  --waiting_;
  if (waiting_ < kWaiting / 2) Post();
  const bool overloaded = share_.streams >= share_.streams_max;
  ++share_.streams;
  call.Open(overloaded);
}

void StreamCallPool::Ended(Call& call) {
  --share_.streams;
  call.Clear();
  calls_.Return(call);
  if (waiting_ < kWaiting && !share_.closing) Post();
}

void StreamCallPool::Call::Post() {
  step_ = Step::kWaiting;
  server_context_.emplace();
  stream_.emplace(&*server_context_);
  auto* queue = pool_.share_.queue;
  pool_.share_.service->RequestStreamAssign(&*server_context_, &*stream_, queue, queue, this);
}

void StreamCallPool::Call::Open(bool overloaded) {
  context_ = {.method = Method::kStreamAssign, .deadline_ns = SteadyDeadline(server_context_->raw_deadline())};
  context_.server = &*server_context_;
  AssignmentHandler& handler = *pool_.share_.handler;
  const grpc::Status status = overloaded ? handler.Overloaded(Method::kStreamAssign) : handler.OpenStream(context_);
  if (status.ok()) {
    Read();
  } else {
    Finish(status);
  }
}

void StreamCallPool::Call::Proceed(bool ok) {
  if (step_ == Step::kWaiting && !ok) return;  // the server is shut down; the pool frees this call with itself
  if (step_ != Step::kFinishing && pool_.share_.closing) {
    // The queue takes nothing any more: the call ends with its context, when the pool goes.
    if (step_ == Step::kWaiting) context_ = {.method = Method::kStreamAssign};
    return pool_.share_.handler->Finished(context_, grpc::StatusCode::CANCELLED);
  }
  switch (step_) {
    case Step::kWaiting:
      return pool_.Accepted(*this);
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

void StreamCallPool::Call::Clear() {
  FreeIfLarge(request_, request_.ByteSizeLong(), kKeptMessageBytes);  // of a message that could not be parsed
  FreeIfLarge(response_, static_cast<size_t>(response_.GetCachedSize()), kKeptMessageBytes);
  received_.Clear();
  stream_.reset();
  server_context_.reset();
}

void StreamCallPool::Call::Read() {
  step_ = Step::kReading;
  stream_->Read(&received_, this);
}

void StreamCallPool::Call::Answer() {
  if (!grpc::SerializationTraits<v1::StreamAssignRequest>::Deserialize(&received_, &request_).ok()) {
    return Finish({grpc::StatusCode::INTERNAL, "Unable to parse request"});  // as gRPC ends a unary call
  }
  const grpc::Status status = pool_.share_.handler->AnswerStream(request_, response_, context_);
  FreeIfLarge(request_, request_.ByteSizeLong(), kKeptMessageBytes);
  if (!status.ok()) return Finish(status);
  grpc::ByteBuffer bytes;
  bool own = false;
  const grpc::Status serialized =
      grpc::SerializationTraits<v1::StreamAssignResponse>::Serialize(response_, &bytes, &own);
  if (!serialized.ok()) return Finish(serialized);
  step_ = Step::kWriting;
  stream_->Write(bytes, this);
}

void StreamCallPool::Call::Finish(const grpc::Status& status) {
  code_ = status.error_code();
  step_ = Step::kFinishing;
  stream_->Finish(status, this);
}

}  // namespace assent::server
