// Server credentials from the configuration.
#ifndef ASSENT_SERVER_TRANSPORT_SECURITY_H_
#define ASSENT_SERVER_TRANSPORT_SECURITY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "server/configuration.h"

namespace assent::server {

// Credentials for one listener: none, TLS, or mutual TLS. Certificates are read again when their files change; a pair
// that does not match is not taken.
// Errors: NotFound or InvalidArgument that names the field, for a file that is missing, no PEM, or a key that does not
// belong to the certificate.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const Configuration& configuration);

}  // namespace assent::server

#endif  // ASSENT_SERVER_TRANSPORT_SECURITY_H_
