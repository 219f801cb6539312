#include "server/named_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/key_file.h"
#include "storage/vendor_list_file.h"

namespace assent::server {
namespace {

constexpr size_t kPemBytesMax = 4096;

absl::Status ReadSigningKey(const std::string& path, NamedFiles& files) {
  auto pem = storage::ReadSecretFile("signing key file", path, kPemBytesMax);
  if (!pem.ok()) return InField("signing_key_file", pem.status());
  auto key = policy::SigningKey::FromPem(*pem);
  if (!key.ok()) return InField("signing_key_file", key.status());
  files.signing_key = *std::move(key);
  return absl::OkStatus();
}

}  // namespace

absl::Status InField(absl::string_view field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
}

absl::StatusOr<NamedFiles> ReadNamedFiles(const Configuration& configuration) {
  NamedFiles files;
  if (configuration.tcf_vendor_id != 0) {
    auto list = storage::ReadVendorList(configuration.vendor_list_files, configuration.tcf_vendor_id);
    if (!list.ok()) return InField("signals.vendor_list_files", list.status());
    files.vendor_list = *std::move(list);
  }
  if (!configuration.signing_key_file.empty()) {
    absl::Status read = ReadSigningKey(configuration.signing_key_file, files);
    if (!read.ok()) return read;
  }
  if (!configuration.sealing_key_file.empty()) {
    auto ring = storage::ReadSealingKeys(configuration.sealing_key_file);
    if (!ring.ok()) return InField("sealing_key_file", ring.status());
    files.sealing_keys = *std::move(ring);
  }
  return files;
}

absl::StatusOr<policy::Pseudonymizer> ReadPseudonymizer(const Configuration& configuration) {
  auto keys = storage::ReadPseudonymKeys(configuration.pseudonym_key_file);
  if (!keys.ok()) return InField("pseudonym_key_file", keys.status());
  auto pseudonymizer = policy::Pseudonymizer::CreateChain(*keys);
  if (!pseudonymizer.ok()) return InField("pseudonym_key_file", pseudonymizer.status());
  return pseudonymizer;
}

}  // namespace assent::server
