// The floor that Assign is measured against: the data plane of assentd with a handler that does nothing.
//   empty_server --listen 127.0.0.1:0 [--threads 1] [--segments 162]
// Requests are received and parsed, answers of the size of a real one are serialised and sent, by the same code, with
// the same options. What is missing is everything between. Prints "ready PORT" when it serves; SIGTERM ends it.
#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "server/data_plane.h"
#include "server/polling_strategy.h"

namespace assent {
namespace {

constexpr char kReason[] = "model.nearest";

// Answers are left in the call objects from the first call to the last, so that filling them costs nothing.
class EmptyHandler final : public server::AssignmentHandler {
 public:
  // `segments`: how many a BatchAssign names.
  explicit EmptyHandler(int segments) : segments_(segments) {
    assign_.set_outcome(v1::OUTCOME_ASSIGNED);
    assign_.set_reason(kReason);
    assign_.set_margin(12.5);
    auto* segment = assign_.add_segments();
    segment->set_segment_id("segment-100");
    segment->set_label("Segment 100");
    segment->set_distance(101.25);
    SetModel(*assign_.mutable_model());
    for (int i = 0; i < segments; ++i) batch_.add_segment_ids(absl::StrCat("segment-", i));
    SetModel(*batch_.mutable_model());
    batch_.add_reasons(kReason);
  }

  grpc::Status Assign(const v1::AssignRequest&, v1::AssignResponse& response, server::CallContext&) override {
    if (response.outcome() == v1::OUTCOME_UNSPECIFIED) response = assign_;
    return grpc::Status::OK;
  }

  grpc::Status BatchAssign(const v1::BatchAssignRequest& request, v1::BatchAssignResponse& response,
                           server::CallContext&) override {
    if (response.outcomes_size() != request.subject_ids_size()) FillBatch(request.subject_ids_size(), response);
    return grpc::Status::OK;
  }

  grpc::Status Explain(const v1::ExplainRequest&, v1::ExplainResponse&, server::CallContext&) override {
    return {grpc::StatusCode::UNIMPLEMENTED, "empty_server explains nothing"};
  }

  grpc::Status OpenStream(server::CallContext&) override { return grpc::Status::OK; }
  grpc::Status AnswerStream(const v1::StreamAssignRequest& request, v1::StreamAssignResponse& response,
                            server::CallContext&) override {
    response.set_tag(request.tag());
    if (!response.has_response()) *response.mutable_response() = assign_;
    return grpc::Status::OK;
  }

  const grpc::Status& Overloaded(server::Method) override { return overloaded_; }

 private:
  static void SetModel(v1::ModelRef& model) {
    model.set_name("bench");
    model.set_digest(std::string(64, 'a'));
  }

  void FillBatch(int rows, v1::BatchAssignResponse& response) const {
    response = batch_;
    for (int row = 0; row < rows; ++row) {
      response.add_outcomes(v1::OUTCOME_ASSIGNED);
      response.add_segment_index(static_cast<uint32_t>(row % segments_));
      response.add_margins(12.5 + row);
      response.add_reason_index(0);
    }
  }

  const int segments_;
  v1::AssignResponse assign_;
  v1::BatchAssignResponse batch_;
  const grpc::Status overloaded_{grpc::StatusCode::RESOURCE_EXHAUSTED, "calls in flight"};
};

struct Flags {
  std::string listen = "127.0.0.1:0";
  int threads = 1;
  int segments = 162;  // different ones among 256 events over 256 segments, on average
};

int Serve(const Flags& flags) {
  server::SeparatePollers();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts, so that all inherit it
  server::DataPlaneOptions options;
  options.listen = flags.listen;
  options.threads = flags.threads;
  auto plane = server::DataPlane::Start(options, [&](int) { return std::make_unique<EmptyHandler>(flags.segments); });
  if (!plane.ok()) {
    std::cerr << "empty_server: " << plane.status().message() << "\n";
    return 1;
  }
  std::cout << "ready " << (*plane)->port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  (*plane)->Drain(std::chrono::system_clock::now() + std::chrono::milliseconds(1000));
  return 0;
}

}  // namespace
}  // namespace assent

int main(int argc, char** argv) {
  assent::Flags flags;
  CLI::App app("The data plane of assentd with a handler that does nothing");
  app.add_option("--listen", flags.listen, "HOST:PORT")->capture_default_str();
  app.add_option("--threads", flags.threads, "Polling threads")->capture_default_str();
  app.add_option("--segments", flags.segments, "Segments named in a BatchAssign's answer")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return assent::Serve(flags);
}
