// Who holds which roles: the principals file.
#ifndef ASSENT_SERVER_PRINCIPALS_H_
#define ASSENT_SERVER_PRINCIPALS_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::server {

inline constexpr int kPrincipalsMax = 10'000;

// Threads: safe; immutable.
class Principals {
 public:
  // Reads a textproto of assent.internal.v1.PrincipalRoles. Errors: NotFound; InvalidArgument with the place, for a
  // principal without a uri, repeated, or with a role that does not exist.
  static absl::StatusOr<Principals> Read(const std::string& path);

  // The roles of a URI subject alternative name, as bits; 0 for a stranger. Cost: one hash, no allocation.
  uint32_t RolesOf(absl::string_view uri) const {
    const auto it = roles_by_uri_.find(uri);
    return it == roles_by_uri_.end() ? 0 : it->second;
  }
  size_t size() const { return roles_by_uri_.size(); }
  // Of what the file says, 32 bytes: comments and spaces do not count.
  const std::string& sha256() const { return sha256_; }

 private:
  absl::flat_hash_map<std::string, uint32_t> roles_by_uri_;
  std::string sha256_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_PRINCIPALS_H_
