// What the configuration says of jurisdictions, uses and signals.
#ifndef ASSENT_SERVER_POLICY_CONFIGURATION_H_
#define ASSENT_SERVER_POLICY_CONFIGURATION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assent/internal/v1/server_config.pb.h"
#include "policy/jurisdiction.h"
#include "server/configuration.h"

namespace assent::server {

// Errors of all: InvalidArgument that names the field.
absl::StatusOr<policy::Jurisdictions> ReadJurisdictions(const internal::v1::JurisdictionConfig& message);
// Fills what the signals need.
absl::Status ReadSignalConfig(const internal::v1::SignalConfig& message, Configuration& out);
// Returns a set of policy::UseBit.
absl::StatusOr<uint32_t> ReadUsesAllowed(const internal::v1::ServerConfig& message);

}  // namespace assent::server

#endif  // ASSENT_SERVER_POLICY_CONFIGURATION_H_
