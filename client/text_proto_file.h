// A message in a textproto file.
#ifndef ASSENT_CLIENT_TEXT_PROTO_FILE_H_
#define ASSENT_CLIENT_TEXT_PROTO_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace assent::client {

// Errors: NotFound; InvalidArgument with path, line and column.
absl::Status ReadTextProto(const std::string& path, google::protobuf::Message& message);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TEXT_PROTO_FILE_H_
