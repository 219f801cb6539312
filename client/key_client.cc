#include "client/key_client.h"

#include <utility>

#include "absl/time/clock.h"
#include "client/rpc_error.h"

namespace assent::client {

absl::StatusOr<KeyClient> KeyClient::Create(const ChannelOptions& options) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return KeyClient(*std::move(channel), options.deadline);
}

KeyClient::KeyClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(v1::KeyService::NewStub(channel)), deadline_(deadline) {}

absl::StatusOr<v1::RotateSealingKeysResponse> KeyClient::RotateSealingKeys() const {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::RotateSealingKeysResponse response;
  absl::Status status = StatusFromRpc(stub_->RotateSealingKeys(&context, v1::RotateSealingKeysRequest(), &response));
  if (!status.ok()) return status;
  return response;
}

}  // namespace assent::client
