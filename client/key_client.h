// A client of KeyService.
#ifndef ASSENT_CLIENT_KEY_CLIENT_H_
#define ASSENT_CLIENT_KEY_CLIENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/v1/key_service.grpc.pb.h"
#include "client/channel.h"

namespace assent::client {

// Threads: safe. Errors of calls: as AssignmentClient; FailedPrecondition where the server seals nothing, or its key
// file lacks a key.
class KeyClient {
 public:
  // Errors: as OpenChannel.
  static absl::StatusOr<KeyClient> Create(const ChannelOptions& options);

  // Takes as long as writing everything that is stored.
  absl::StatusOr<v1::RotateSealingKeysResponse> RotateSealingKeys() const;

 private:
  KeyClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

  std::shared_ptr<v1::KeyService::Stub> stub_;
  absl::Duration deadline_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_KEY_CLIENT_H_
