// A client of AssignmentService: deadline, retries, TLS, and the consent token carried along.
#ifndef ASSENT_CLIENT_ASSIGNMENT_CLIENT_H_
#define ASSENT_CLIENT_ASSIGNMENT_CLIENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/v1/assignment_service.grpc.pb.h"
#include "client/channel.h"
#include "client/consent_token.h"

namespace assent::client {

// Threads: safe, except that one AssignStream belongs to one writing and one reading thread.
// Errors of calls: the server's code and message, with its ErrorInfo (rpc_error.h); DeadlineExceeded, Unavailable when
// the server cannot be reached. A refusal is an answer, not an error. No message made here holds a subject id.
class AssignmentClient {
 public:
  // Ownership: shares `token`; null: no token is carried. Errors: as OpenChannel.
  static absl::StatusOr<AssignmentClient> Create(const ChannelOptions& options,
                                                 std::shared_ptr<ConsentToken> token = nullptr);
  // On a channel that exists, such as an in-process one.
  AssignmentClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline,
                   std::shared_ptr<ConsentToken> token);

  // A request without a consent_token gets the remembered one.
  absl::StatusOr<v1::AssignResponse> Assign(v1::AssignRequest request) const;
  absl::StatusOr<v1::BatchAssignResponse> BatchAssign(v1::BatchAssignRequest request) const;
  absl::StatusOr<v1::ExplainResponse> Explain(v1::ExplainRequest request) const;
  // Sound to try again: events that the profile has already count once (docs/features.md names the window).
  absl::StatusOr<v1::RecordEventsResponse> RecordEvents(v1::RecordEventsRequest request) const;

  // One open StreamAssign. Write and Read may run on two threads; keep reading while writing, or both sides fill up.
  class AssignStream {
   public:
    // False: the stream is broken; Finish says why.
    bool Write(v1::StreamAssignRequest request);
    // No more writes.
    void WritesDone();
    // False: no more answers.
    bool Read(v1::StreamAssignResponse& response);
    // Call once, after the last Read. Ok when the server ended the stream in order.
    absl::Status Finish();

   private:
    friend class AssignmentClient;
    AssignStream() = default;
    std::shared_ptr<ConsentToken> token_;
    std::unique_ptr<grpc::ClientContext> context_;
    std::unique_ptr<grpc::ClientReaderWriterInterface<v1::StreamAssignRequest, v1::StreamAssignResponse>> stream_;
  };
  // `deadline` covers the whole stream.
  AssignStream StreamAssign(absl::Duration deadline) const;

 private:
  std::string TokenFor(const std::string& given) const;

  std::shared_ptr<v1::AssignmentService::Stub> stub_;
  absl::Duration deadline_;
  std::shared_ptr<ConsentToken> token_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_ASSIGNMENT_CLIENT_H_
