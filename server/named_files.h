// The files that the configuration names and that are read once, at the start: keys and vendor lists.
#ifndef ASSENT_SERVER_NAMED_FILES_H_
#define ASSENT_SERVER_NAMED_FILES_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/sealing.h"
#include "policy/signature.h"
#include "policy/subject.h"
#include "policy/vendor_list.h"
#include "server/configuration.h"

namespace assent::server {

// The error with the configuration field that it comes from.
absl::Status InField(absl::string_view field, const absl::Status& status);

// Nothing where the configuration names no file. Errors of all: those of the readers (storage/key_file.h,
// storage/vendor_list_file.h), with the field.
struct NamedFiles {
  std::optional<policy::VendorList> vendor_list = {};
  std::optional<policy::SigningKey> signing_key = {};
  std::optional<policy::SealingRing> sealing_keys = {};
};
absl::StatusOr<NamedFiles> ReadNamedFiles(const Configuration& configuration);
absl::StatusOr<policy::Pseudonymizer> ReadPseudonymizer(const Configuration& configuration);

}  // namespace assent::server

#endif  // ASSENT_SERVER_NAMED_FILES_H_
