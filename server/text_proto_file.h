// Reads a message from a textproto file, with errors that say where.
#ifndef ASSENT_SERVER_TEXT_PROTO_FILE_H_
#define ASSENT_SERVER_TEXT_PROTO_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace assent::server {

inline constexpr size_t kTextProtoBytesMax = size_t{1} << 24;

// Errors: NotFound; InvalidArgument with path, line and column.
absl::Status ReadTextProto(const std::string& path, google::protobuf::Message& message);

// The whole file. Errors: NotFound (missing or unreadable), InvalidArgument (more than `bytes_max`).
absl::Status ReadFile(const std::string& path, size_t bytes_max, std::string& content);

}  // namespace assent::server

#endif  // ASSENT_SERVER_TEXT_PROTO_FILE_H_
