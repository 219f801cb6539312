// HOST:PORT, as configured and as bound.
#ifndef ASSENT_SERVER_LISTEN_ADDRESS_H_
#define ASSENT_SERVER_LISTEN_ADDRESS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assent::server {

// Accepts HOST:PORT, [IPV6]:PORT and "localhost:PORT", with a port of 0 to 65535.
// Errors: InvalidArgument that names `field`.
absl::Status CheckListenAddress(absl::string_view field, absl::string_view address);

// True for 127.0.0.0/8, ::1 and "localhost". Precondition: CheckListenAddress said yes.
bool IsLoopback(absl::string_view address);

// `address` with its port replaced by `port`.
std::string WithPort(absl::string_view address, int port);

}  // namespace assent::server

#endif  // ASSENT_SERVER_LISTEN_ADDRESS_H_
