#include "server/principals.h"

#include "absl/strings/str_cat.h"
#include "assent/internal/v1/server_config.pb.h"
#include "policy/sha256.h"
#include "server/role_table.h"
#include "server/text_proto_file.h"

namespace assent::server {

absl::StatusOr<Principals> Principals::Read(const std::string& path) {
  internal::v1::PrincipalRoles file;
  if (absl::Status status = ReadTextProto(path, file); !status.ok()) return status;
  const auto bad = [&path](int index, auto... message) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": principals[", index, "]", message...));
  };
  if (file.principals_size() > kPrincipalsMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": more than ", kPrincipalsMax, " principals"));
  }
  Principals out;
  for (int i = 0; i < file.principals_size(); ++i) {
    const auto& principal = file.principals(i);
    if (principal.uri().empty()) return bad(i, ".uri: is required");
    uint32_t roles = 0;
    for (const std::string& name : principal.roles()) {
      const uint32_t bit = RoleBitFromName(name);
      if (bit == 0) return bad(i, ".roles: there is no role \"", name, "\"; roles are ", RoleNames());
      roles |= bit;
    }
    if (!out.roles_by_uri_.emplace(principal.uri(), roles).second) return bad(i, ".uri: appears twice");
  }
  out.sha256_ = std::string(policy::BytesOf(policy::Sha256Of({file.SerializeAsString()})));
  return out;
}

}  // namespace assent::server
