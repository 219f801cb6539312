// The IAB Global Vendor List as it is published: one JSON file a version.
#ifndef ASSENT_STORAGE_VENDOR_LIST_FILE_H_
#define ASSENT_STORAGE_VENDOR_LIST_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/vendor_list.h"

namespace assent::storage {

// Real ones have up to 3 MiB. Reading one takes some twenty times its size in memory, for that moment.
inline constexpr size_t kVendorListFileBytesMax = size_t{16} << 20;

// Nothing where the vendor is not listed, or has a deletedDate. Looks at vendorListVersion, gvlSpecificationVersion and
// of the vendor at id, purposes, legIntPurposes, flexiblePurposes and deletedDate. Errors: InvalidArgument (no JSON, a
// field that is missing or of another kind, a value out of its limits, nested too deep).
// Source: IAB Europe, "Consent string and vendor list formats v2", the Global Vendor List.
absl::StatusOr<std::optional<policy::VendorListVersion>> VendorListFromJson(absl::string_view json, uint16_t vendor_id);

// Reads the files, each a version, for one vendor. The messages name the file. Errors: NotFound; Unavailable (cannot be
// read); InvalidArgument as above, and those of VendorList::Create.
absl::StatusOr<policy::VendorList> ReadVendorList(std::span<const std::string> paths, uint16_t vendor_id);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_VENDOR_LIST_FILE_H_
