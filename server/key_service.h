// KeyService on the control plane: the rotation of the sealing keys.
#ifndef ASSENT_SERVER_KEY_SERVICE_H_
#define ASSENT_SERVER_KEY_SERVICE_H_

#include <atomic>
#include <mutex>
#include <string>

#include "assent/v1/key_service.grpc.pb.h"
#include "server/control_call.h"
#include "storage/database.h"

namespace assent::server {

// Threads: safe. Ownership: borrows what `call` borrows, and the database. `sealing_key_file`: empty where nothing is
// sealed.
class KeyService final : public v1::KeyService::Service {
 public:
  KeyService(const ControlCall& call, storage::Database& database, std::string sealing_key_file)
      : call_(call), database_(database), sealing_key_file_(std::move(sealing_key_file)) {}

  grpc::Status RotateSealingKeys(grpc::ServerContext* context, const v1::RotateSealingKeysRequest* request,
                                 v1::RotateSealingKeysResponse* response) override;

  // Ends the rotation that is under way, within moments; no other can be begun. Threads: any.
  void Stop() { stop_ = true; }

 private:
  absl::Status Rotate(v1::RotateSealingKeysResponse& response);

  const ControlCall call_;
  storage::Database& database_;
  const std::string sealing_key_file_;
  std::mutex rotating_;
  std::atomic<bool> stop_{false};
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_KEY_SERVICE_H_
