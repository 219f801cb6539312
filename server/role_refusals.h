// Calls that were refused for want of a role before any handler saw them.
#ifndef ASSENT_SERVER_ROLE_REFUSALS_H_
#define ASSENT_SERVER_ROLE_REFUSALS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/role_table.h"

namespace assent::server {

// Counts by path. Bounded: the paths of the table, and one count for every other path together.
// Threads: safe. Cost: one hash, no lock, no allocation.
class RoleRefusals {
 public:
  explicit RoleRefusals(const RoleTable& table);

  void Count(absl::string_view path);
  // Of one path of the table, or, for any other, of all the others together.
  uint64_t Read(absl::string_view path) const;

 private:
  using Counter = std::atomic<uint64_t>;  // relaxed: a count orders nothing

  // The map never changes once it is made.
  absl::flat_hash_map<std::string, std::unique_ptr<Counter>> by_path_;
  Counter others_{0};
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_ROLE_REFUSALS_H_
