// What the configuration says of jurisdictions, uses and signals.
#ifndef ASSENT_SERVER_POLICY_CONFIGURATION_H_
#define ASSENT_SERVER_POLICY_CONFIGURATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "assent/internal/v1/server_config.pb.h"
#include "policy/jurisdiction.h"

namespace assent::server {

// Errors of both: InvalidArgument that names the field.
absl::StatusOr<policy::Jurisdictions> ReadJurisdictions(const internal::v1::JurisdictionConfig& message);
// Returns a set of policy::UseBit.
absl::StatusOr<uint32_t> ReadUsesAllowed(const internal::v1::ServerConfig& message);

}  // namespace assent::server

#endif  // ASSENT_SERVER_POLICY_CONFIGURATION_H_
