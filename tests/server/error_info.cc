#include "tests/server/error_info.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace assent::server {
namespace {

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  google::rpc::ErrorInfo info;
  if (rpc.ParseFromString(status.error_details()) && rpc.details_size() == 1) rpc.details(0).UnpackTo(&info);
  return info;
}

}  // namespace

std::string ReasonOf(const grpc::Status& status) { return InfoOf(status).reason(); }

std::string FieldOf(const grpc::Status& status) {
  const auto info = InfoOf(status);
  const auto it = info.metadata().find("field");
  return it == info.metadata().end() ? "" : it->second;
}

}  // namespace assent::server
