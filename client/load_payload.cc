#include "client/load_payload.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "assent/v1/assignment_service.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace assent::client {
namespace {

constexpr int kDigits = 9;
constexpr uint64_t kNumbers = 1'000'000'000;  // of nine digits
constexpr absl::string_view kEventId = "e000000000";
constexpr int kRowsMax = 4096;
constexpr int kDimMax = 1024;

absl::Status Validate(const LoadPayloadOptions& options) {
  if (options.subjects < 1 || options.subjects > kLoadSubjectsMax) {
    return absl::InvalidArgumentError("subjects: must be 1 to 1000000000");
  }
  if (options.dim < 1 || options.dim > kDimMax) return absl::InvalidArgumentError("dim: must be 1 to 1024");
  if (options.rows < 1 || options.rows > kRowsMax) return absl::InvalidArgumentError("rows: must be 1 to 4096");
  if (options.with_event && options.method == LoadMethod::kBatchAssign) {
    return absl::InvalidArgumentError("event: a BatchAssign has none");
  }
  return absl::OkStatus();
}

template <typename Features>
void FillNormal(int count, std::mt19937_64& random, Features* values) {
  std::normal_distribution<float> normal(0.0f, 1.0f);
  values->Reserve(count);
  for (int i = 0; i < count; ++i) values->Add(normal(random));
}

std::string AssignHead(const LoadPayloadOptions& options) {
  v1::AssignRequest head;
  head.mutable_subject()->set_namespace_(options.subject_namespace);
  head.mutable_subject()->set_id(LoadSubjectId(0));
  head.set_purpose(static_cast<v1::Purpose>(options.purpose));
  head.set_max_segments(options.max_segments);
  if (options.with_event) {
    v1::Event& event = *head.add_events();
    event.set_event_id(std::string(kEventId));
    event.mutable_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    event.set_type(std::string(kLoadEventType));
    (*event.mutable_attributes())[std::string(kLoadEventAttribute)].set_number(9.99);
  }
  return head.SerializeAsString();
}

std::string BatchHead(const LoadPayloadOptions& options) {
  v1::BatchAssignRequest head;
  head.set_purpose(static_cast<v1::Purpose>(options.purpose));
  head.set_namespace_(options.subject_namespace);
  for (int row = 0; row < options.rows; ++row) head.add_subject_ids(LoadSubjectId(0));
  return head.SerializeAsString();
}

std::string Body(const LoadPayloadOptions& options, std::mt19937_64& random) {
  if (options.method == LoadMethod::kBatchAssign) {
    v1::BatchAssignRequest body;
    body.mutable_features()->set_columns(static_cast<uint32_t>(options.dim));
    FillNormal(options.rows * options.dim, random, body.mutable_features()->mutable_values());
    return body.SerializeAsString();
  }
  v1::AssignRequest body;
  FillNormal(options.dim, random, body.mutable_features()->mutable_dense());
  return body.SerializeAsString();
}

// The key and length of StreamAssignRequest.request, to stand before an AssignRequest of `length` bytes.
std::string StreamPrefix(size_t length) {
  std::string prefix;
  google::protobuf::io::StringOutputStream stream(&prefix);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.WriteTag(static_cast<uint32_t>(v1::StreamAssignRequest::kRequestFieldNumber << 3 | 2));
  out.WriteVarint32(static_cast<uint32_t>(length));
  out.Trim();
  return prefix;
}

}  // namespace

std::string LoadSubjectId(uint64_t number) {
  std::string id(kDigits + 1, '0');
  id[0] = 's';
  for (int digit = kDigits; digit > 0; --digit, number /= 10) {
    id[static_cast<size_t>(digit)] = static_cast<char>('0' + number % 10);
  }
  return id;
}

absl::StatusOr<LoadPayload> LoadPayload::Create(const LoadPayloadOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  std::mt19937_64 random(options.seed);
  LoadPayload payload;
  payload.random_.seed(static_cast<std::minstd_rand::result_type>(options.seed % 2147483646 + 1));
  // Fewer sets for batches: each has rows times the size.
  const int sets = options.method == LoadMethod::kBatchAssign ? 16 : kLoadFeatureSets;
  for (int set = 0; set < sets; ++set) payload.bodies_.push_back(Body(options, random));

  payload.head_ = options.method == LoadMethod::kBatchAssign ? BatchHead(options) : AssignHead(options);
  if (options.method == LoadMethod::kStreamAssign) {
    payload.head_.insert(0, StreamPrefix(payload.head_.size() + payload.bodies_.front().size()));
  }
  payload.AddNumbers(LoadSubjectId(0), options.subjects);
  payload.rows_ = static_cast<int>(payload.numbers_.size());
  payload.AddNumbers(std::string(kEventId), kNumbers);
  return payload;
}

void LoadPayload::AddNumbers(const std::string& id, uint64_t count) {
  for (size_t at = head_.find(id); at != std::string::npos; at = head_.find(id, at + id.size())) {
    numbers_.push_back({.offset = at + 1, .count = count});
  }
}

LoadPayload::Head LoadPayload::MakeHead() const {
  Head head;
  head.bytes_ = head_;
  return head;
}

grpc::ByteBuffer LoadPayload::Draw(Head& head) {
  for (const auto& [offset, count] : numbers_) {
    uint64_t number = random_() % count;
    for (size_t digit = offset + kDigits; digit-- > offset; number /= 10) {
      head.bytes_[digit] = static_cast<char>('0' + number % 10);
    }
  }
  const std::string& body = bodies_[random_() % bodies_.size()];
  const grpc::Slice slices[] = {grpc::Slice(head.bytes_.data(), head.bytes_.size(), grpc::Slice::STATIC_SLICE),
                                grpc::Slice(body.data(), body.size(), grpc::Slice::STATIC_SLICE)};
  return grpc::ByteBuffer(slices, 2);
}

}  // namespace assent::client
