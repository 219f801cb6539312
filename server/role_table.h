// Which role may call which RPC: derived from the allowed_roles option in the protos, nowhere else.
#ifndef ASSENT_SERVER_ROLE_TABLE_H_
#define ASSENT_SERVER_ROLE_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace assent::server {

// A set of roles: bit r stands for the assent.v1.Role numbered r.
// The bit of "assign", "consent", "data-science", …; 0 for a name that is no role.
uint32_t RoleBitFromName(absl::string_view name);
// All names, for messages: "assign, consent, …".
std::string RoleNames();

// Threads: safe; immutable.
class RoleTable {
 public:
  // Every method of `services`. A method without the option is in the table with no role: nobody may call it.
  explicit RoleTable(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  // Whether one of `roles` is enough for `path` ("/assent.v1.AssignmentService/Assign"). A path that is not in the
  // table is open to nobody. Cost: one hash, no allocation.
  bool Allows(absl::string_view path, uint32_t roles) const;
  // The path of every method of the table.
  std::vector<std::string> Paths() const;

 private:
  absl::flat_hash_map<std::string, uint32_t> roles_by_path_;
};

// The table of every service that assentd serves.
const RoleTable& ServedRoleTable();

}  // namespace assent::server

#endif  // ASSENT_SERVER_ROLE_TABLE_H_
