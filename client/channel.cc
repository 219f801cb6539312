#include "client/channel.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace assent::client {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file || content.str().empty()) {
    return absl::NotFoundError(absl::StrCat(option, ": cannot read the PEM file ", path));
  }
  return content.str();
}

absl::Status Validate(const ChannelOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("target: empty, give HOST:PORT");
  if (options.deadline <= absl::ZeroDuration()) return absl::InvalidArgumentError("deadline: must be greater than 0");
  if (options.attempts < 1 || options.attempts > kAttemptsMax) {
    return absl::InvalidArgumentError(absl::StrCat("attempts: must be 1 to ", kAttemptsMax));
  }
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return absl::InvalidArgumentError("tls: give the certificate and the key together, or neither");
  }
  if (!options.tls_certificate_file.empty() && options.tls_ca_file.empty()) {
    return absl::InvalidArgumentError(
        "tls: a client certificate needs the authorities of the server too (tls_ca_file)");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const ChannelOptions& options) {
  if (options.tls_ca_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  auto roots = ReadPem("tls_ca_file", options.tls_ca_file);
  if (!roots.ok()) return roots.status();
  ssl.pem_root_certs = *std::move(roots);
  if (!options.tls_certificate_file.empty()) {
    auto chain = ReadPem("tls_certificate_file", options.tls_certificate_file);
    if (!chain.ok()) return chain.status();
    auto key = ReadPem("tls_key_file", options.tls_key_file);
    if (!key.ok()) return key.status();
    ssl.pem_cert_chain = *std::move(chain);
    ssl.pem_private_key = *std::move(key);
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

std::string ServiceConfigJson(int attempts) {
  const std::string names =
      R"("name":[{"service":"assent.v1.AssignmentService"},{"service":"assent.v1.ConsentService"}])";
  if (attempts < 2) return absl::StrCat(R"({"methodConfig":[{)", names, "}]}");
  return absl::StrCat(R"({"methodConfig":[{)", names, R"(,"retryPolicy":{"maxAttempts":)", attempts,
                      R"(,"initialBackoff":"0.01s","maxBackoff":"0.2s","backoffMultiplier":2,)",
                      R"("retryableStatusCodes":["UNAVAILABLE","CANCELLED"]}}]})");
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const ChannelOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  auto credentials = MakeCredentials(options);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ServiceConfigJson(options.attempts));
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, options.attempts > 1 ? 1 : 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // Each channel has a connection of its own, so that clients of one process do not queue behind each other.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!options.tls_server_name.empty()) arguments.SetSslTargetNameOverride(options.tls_server_name);
  return grpc::CreateCustomChannel(options.target, *credentials, arguments);
}

}  // namespace assent::client
