// The requests of a load run as wire bytes: built once, then only the subject ids change.
#ifndef ASSENT_CLIENT_LOAD_PAYLOAD_H_
#define ASSENT_CLIENT_LOAD_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/byte_buffer.h"

namespace assent::client {

enum class LoadMethod : uint8_t { kAssign, kBatchAssign, kStreamAssign };

inline constexpr uint64_t kLoadSubjectsMax = 1'000'000'000;
inline constexpr int kLoadFeatureSets = 512;

struct LoadPayloadOptions {
  LoadMethod method = LoadMethod::kAssign;
  std::string subject_namespace = "bench";
  uint64_t subjects = 1'000'000;  // ids LoadSubjectId(0) to LoadSubjectId(subjects - 1), drawn uniformly
  int purpose = 1;                // assent.v1.Purpose
  int dim = 64;                   // direct features of the model
  int rows = 256;                 // of a BatchAssign
  int max_segments = 0;
  bool with_event = false;  // each Assign brings one event: a `purchase` with an `amount`, just now
  uint64_t seed = 1;
};

// A model that reads the event of a request: its aggregates are over this type and this attribute.
inline constexpr absl::string_view kLoadEventType = "purchase";
inline constexpr absl::string_view kLoadEventAttribute = "amount";

// "s" and nine digits.
std::string LoadSubjectId(uint64_t number);

// Feature values are standard normal in raw units, kLoadFeatureSets different sets of them.
// Threads: one (each draw advances the random state).
class LoadPayload {
 public:
  // The part of a request that one call in flight owns; it must outlive the call.
  class Head {
   private:
    friend class LoadPayload;
    std::string bytes_;
  };

  // Errors: InvalidArgument for a size out of range.
  static absl::StatusOr<LoadPayload> Create(const LoadPayloadOptions& options);

  Head MakeHead() const;
  // A request with subjects drawn anew, borrowing `head` and this payload. Cost: one small allocation of gRPC's.
  grpc::ByteBuffer Draw(Head& head);

  size_t request_bytes() const { return head_.size() + bodies_.front().size(); }
  int rows() const { return rows_; }  // of a call

 private:
  LoadPayload() = default;
  // Wherever the head has `id`, its digits will be drawn.
  void AddNumbers(const std::string& id, uint64_t count);

  // Nine digits of the head that are drawn anew.
  struct Number {
    size_t offset;
    uint64_t count;  // 0 to count - 1
  };

  int rows_ = 1;
  std::string head_;  // everything but the features, with ids of zeros
  std::vector<Number> numbers_;
  std::vector<std::string> bodies_;  // the features
  std::minstd_rand random_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_LOAD_PAYLOAD_H_
