#include "server/listen_address.h"

#include <arpa/inet.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace assent::server {
namespace {

struct HostPort {
  std::string host;
  absl::string_view port;
};

HostPort Split(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return {std::string(address), {}};
  absl::string_view host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {std::string(host), address.substr(colon + 1)};
}

}  // namespace

absl::Status CheckListenAddress(absl::string_view field, absl::string_view address) {
  const HostPort parts = Split(address);
  int port = -1;
  if (parts.host.empty() || !absl::SimpleAtoi(parts.port, &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": must be HOST:PORT with a port of 0 to 65535"));
  }
  return absl::OkStatus();
}

bool IsLoopback(absl::string_view address) {
  const HostPort parts = Split(address);
  if (parts.host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, parts.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, parts.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string WithPort(absl::string_view address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

}  // namespace assent::server
