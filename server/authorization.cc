#include "server/authorization.h"

#include <utility>

namespace assent::server {
namespace {

constexpr char kUriProperty[] = "peer_uri";

uint64_t NextVersion() {
  static std::atomic<uint64_t> versions{0};
  return 1 + versions.fetch_add(1, std::memory_order_relaxed);  // relaxed: only has to be unique
}

absl::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

}  // namespace

Authorizer::Authorizer(const RoleTable& table, uint32_t insecure_roles)
    : table_(table), mutual_tls_(false), insecure_roles_(insecure_roles), version_(NextVersion()) {}

Authorizer::Authorizer(const RoleTable& table, Principals principals)
    : table_(table),
      mutual_tls_(true),
      insecure_roles_(0),
      principals_(std::make_shared<const Principals>(std::move(principals))),
      version_(NextVersion()) {}

void Authorizer::Replace(Principals principals) {
  auto next = std::make_shared<const Principals>(std::move(principals));
  const std::lock_guard lock(mutex_);
  principals_ = std::move(next);
  version_.store(NextVersion(), std::memory_order_release);  // pairs with the load in version()
}

// gRPC calls from threads of its own, so each thread keeps the principals that it saw last, and looks again only when
// the version has moved.
const Principals& Authorizer::Present() const {
  struct Seen {
    uint64_t version = 0;
    std::shared_ptr<const Principals> principals;
  };
  thread_local Seen seen;
  if (seen.version != version()) {
    const std::lock_guard lock(mutex_);
    seen.principals = principals_;
    seen.version = version_.load(std::memory_order_relaxed);  // relaxed: the mutex orders it
  }
  return *seen.principals;
}

bool Authorizer::Allows(absl::string_view path, const grpc::AuthContext& caller) const {
  return table_.Allows(path, RolesOf(caller));
}

bool Authorizer::Holds(uint32_t roles, const grpc::AuthContext& caller) const {
  return ((mutual_tls_ ? RolesOf(caller) : insecure_roles_) & roles) != 0;
}

uint32_t Authorizer::RolesOf(const grpc::AuthContext& caller) const {
  if (!caller.IsPeerAuthenticated()) return 0;
  const Principals& principals = Present();
  uint32_t roles = 0;
  for (auto property = caller.begin(); property != caller.end(); ++property) {
    const auto [name, value] = *property;
    if (View(name) == kUriProperty) roles |= principals.RolesOf(View(value));
  }
  return roles;
}

absl::string_view Authorizer::PrincipalViewFor(absl::string_view path, const grpc::AuthContext& caller) const {
  constexpr absl::string_view kEveryone = "insecure";
  if (!mutual_tls_ || !caller.IsPeerAuthenticated()) return kEveryone;
  const Principals& principals = Present();
  absl::string_view first = kEveryone;  // unless there is a name
  bool named = false;
  for (auto property = caller.begin(); property != caller.end(); ++property) {
    const auto [name, value] = *property;
    if (View(name) != kUriProperty) continue;
    if (table_.Allows(path, principals.RolesOf(View(value)))) return View(value);
    if (!named) first = View(value);
    named = true;
  }
  return first;  // the principals were replaced since the call was let in
}

}  // namespace assent::server
