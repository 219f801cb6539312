#include "server/transport_security.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "server/text_proto_file.h"

namespace assent::server {
namespace {

constexpr size_t kPemBytesMax = size_t{1} << 20;

struct OpenSslDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using OpenSslPointer = std::unique_ptr<T, OpenSslDeleter>;

absl::StatusOr<std::string> ReadPem(absl::string_view field, const std::string& path) {
  std::string content;
  const absl::Status status = ReadFile(path, kPemBytesMax, content);
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
  return content;
}

absl::StatusOr<OpenSslPointer<X509>> ReadCertificate(absl::string_view field, const std::string& path) {
  const auto pem = ReadPem(field, path);
  if (!pem.ok()) return pem.status();
  const OpenSslPointer<BIO> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  OpenSslPointer<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return absl::InvalidArgumentError(absl::StrCat(field, ": ", path, ": no PEM certificate in it"));
  return certificate;
}

// gRPC reads the files later and says little when they are wrong, so they are looked at here first.
absl::Status CheckFiles(const internal::v1::TlsConfig& tls) {
  const auto certificate = ReadCertificate("tls.certificate_file", tls.certificate_file());
  if (!certificate.ok()) return certificate.status();
  const auto pem = ReadPem("tls.private_key_file", tls.private_key_file());
  if (!pem.ok()) return pem.status();
  const OpenSslPointer<BIO> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  char no_password[] = "";
  const OpenSslPointer<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  if (!key) return absl::InvalidArgumentError("tls.private_key_file: no unencrypted PEM key in it");
  if (X509_check_private_key(certificate->get(), key.get()) != 1) {
    return absl::InvalidArgumentError("tls.private_key_file: does not belong to tls.certificate_file");
  }
  if (tls.client_ca_file().empty()) return absl::OkStatus();
  return ReadCertificate("tls.client_ca_file", tls.client_ca_file()).status();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const Configuration& configuration) {
  if (!configuration.has_tls) return grpc::InsecureServerCredentials();
  const internal::v1::TlsConfig& tls = configuration.tls;
  if (absl::Status status = CheckFiles(tls); !status.ok()) return status;
  namespace experimental = grpc::experimental;
  experimental::TlsServerCredentialsOptions options(std::make_shared<experimental::FileWatcherCertificateProvider>(
      tls.private_key_file(), tls.certificate_file(), tls.client_ca_file(), tls.reload_seconds()));
  options.watch_identity_key_cert_pairs();
  if (configuration.mutual_tls()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return experimental::TlsServerCredentials(options);
}

}  // namespace assent::server
