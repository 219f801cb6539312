// May this caller call this RPC? Handlers ask before they look at the request.
#ifndef ASSENT_SERVER_AUTHORIZATION_H_
#define ASSENT_SERVER_AUTHORIZATION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/security/auth_context.h"
#include "server/principals.h"
#include "server/role_table.h"

namespace assent::server {

// Why not grpc::AuthMetadataProcessor, which is asked before the request is read: what it refuses carries a message
// only, and whoever has no role must learn so as from every other error, by an ErrorInfo. Threads: safe.
class Authorizer {
 public:
  // Without mutual TLS: everyone holds `insecure_roles`.
  Authorizer(const RoleTable& table, uint32_t insecure_roles);
  // With mutual TLS: each principal holds what the file says.
  Authorizer(const RoleTable& table, Principals principals);

  bool mutual_tls() const { return mutual_tls_; }
  // What everyone may call, whoever it is: nothing with mutual TLS.
  bool AllowsEveryone(absl::string_view path) const { return !mutual_tls_ && table_.Allows(path, insecure_roles_); }
  // Whether one of the caller's URI names holds a role for `path`. Cost: no allocation; a mutex only after a Replace.
  bool Allows(absl::string_view path, const grpc::AuthContext& caller) const;
  // Whether the caller holds one of `roles` (bits, see server/role_table.h), for what a method allows to some of its
  // callers only. Cost: as Allows.
  bool Holds(uint32_t roles, const grpc::AuthContext& caller) const;
  // Who is answerable for a call of `path`: the caller's first URI name that holds a role for it; its first URI name
  // when none does any more; "insecure" without mutual TLS.
  std::string PrincipalFor(absl::string_view path, const grpc::AuthContext& caller) const {
    return std::string(PrincipalViewFor(path, caller));
  }
  // The same, borrowed from `caller`. Cost: as Allows.
  absl::string_view PrincipalViewFor(absl::string_view path, const grpc::AuthContext& caller) const;

  // From now on, calls are judged by these, and so is the next message of a stream that is open.
  void Replace(Principals principals);
  // Another number after each Replace, never 0. Cost: one atomic load.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }  // pairs with the store in Replace

 private:
  const Principals& Present() const;
  // All roles of the caller's URI names.
  uint32_t RolesOf(const grpc::AuthContext& caller) const;

  const RoleTable& table_;
  const bool mutual_tls_;
  const uint32_t insecure_roles_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Principals> principals_;  // guarded by mutex_
  std::atomic<uint64_t> version_;                 // of principals_; unique among all authorizers of the process
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_AUTHORIZATION_H_
