#include "server/role_refusals.h"

namespace assent::server {

RoleRefusals::RoleRefusals(const RoleTable& table) {
  for (const std::string& path : table.Paths()) by_path_.emplace(path, std::make_unique<Counter>(0));
}

void RoleRefusals::Count(absl::string_view path) {
  const auto it = by_path_.find(path);
  (it == by_path_.end() ? others_ : *it->second).fetch_add(1, std::memory_order_relaxed);
}

uint64_t RoleRefusals::Read(absl::string_view path) const {
  const auto it = by_path_.find(path);
  return (it == by_path_.end() ? others_ : *it->second).load(std::memory_order_relaxed);
}

}  // namespace assent::server
