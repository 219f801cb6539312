#include "storage/vendor_list_file.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/text_file.h"

namespace assent::storage {
namespace {

using JsonObject = google::protobuf::Struct;
using JsonValue = google::protobuf::Value;

const JsonValue* Member(const JsonObject& object, const std::string& name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? nullptr : &found->second;
}

// A whole number from 1 to `number_max`; nothing for any other value, and for none.
std::optional<int> WholeNumber(const JsonValue* value, int number_max) {
  if (value == nullptr || value->kind_case() != JsonValue::kNumberValue) return std::nullopt;
  const double number = value->number_value();
  if (!(number >= 1 && number <= number_max) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int>(number);
}

absl::Status BadMember(absl::string_view name, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": not ", wanted));
}

absl::StatusOr<uint32_t> PurposesOf(const JsonObject& vendor, const std::string& name) {
  const JsonValue* const list = Member(vendor, name);
  if (list == nullptr || list->kind_case() != JsonValue::kListValue) return BadMember(name, "a list of purposes");
  uint32_t purposes = 0;
  for (const JsonValue& value : list->list_value().values()) {
    const std::optional<int> purpose = WholeNumber(&value, policy::kTcfPurposesMax);
    if (!purpose) return BadMember(name, absl::StrCat("a list of numbers from 1 to ", policy::kTcfPurposesMax));
    purposes |= policy::TcfPurposeBit(*purpose);
  }
  return purposes;
}

absl::StatusOr<policy::VendorRegistration> RegistrationOf(const JsonObject& vendor) {
  const auto consent = PurposesOf(vendor, "purposes");
  if (!consent.ok()) return consent.status();
  const auto interest = PurposesOf(vendor, "legIntPurposes");
  if (!interest.ok()) return interest.status();
  const auto flexible = PurposesOf(vendor, "flexiblePurposes");
  if (!flexible.ok()) return flexible.status();
  return policy::VendorRegistration{
      .consent_purposes = *consent, .legitimate_interest_purposes = *interest, .flexible_purposes = *flexible};
}

absl::Status OfFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("vendor list ", path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::optional<policy::VendorListVersion>> VendorListFromJson(absl::string_view json,
                                                                            uint16_t vendor_id) {
  JsonObject list;
  // What protobuf says of the place quotes the file: it is not passed on.
  if (!google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &list).ok()) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  const std::optional<int> version = WholeNumber(Member(list, "vendorListVersion"), policy::kVendorListVersionMax);
  if (!version) return BadMember("vendorListVersion", absl::StrCat("from 1 to ", policy::kVendorListVersionMax));
  const std::optional<int> specification = WholeNumber(Member(list, "gvlSpecificationVersion"), 3);
  if (!specification || *specification < 2) return BadMember("gvlSpecificationVersion", "2 or 3");
  const JsonValue* const vendors = Member(list, "vendors");
  if (vendors == nullptr || !vendors->has_struct_value()) return BadMember("vendors", "an object");

  const std::string name = absl::StrCat(vendor_id);
  const JsonValue* const vendor = Member(vendors->struct_value(), name);
  if (vendor == nullptr) return std::nullopt;
  if (!vendor->has_struct_value()) return BadMember(absl::StrCat("vendors.", name), "an object");
  const JsonObject& fields = vendor->struct_value();
  if (WholeNumber(Member(fields, "id"), UINT16_MAX) != vendor_id) {
    return BadMember(absl::StrCat("vendors.", name, ".id"), name);
  }
  if (Member(fields, "deletedDate") != nullptr) return std::nullopt;
  const absl::StatusOr<policy::VendorRegistration> registration = RegistrationOf(fields);
  if (!registration.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("vendors.", name, ".", registration.status().message()));
  }
  return policy::VendorListVersion{.specification = static_cast<uint8_t>(*specification),
                                   .version = static_cast<uint16_t>(*version),
                                   .registration = *registration};
}

absl::StatusOr<policy::VendorList> ReadVendorList(std::span<const std::string> paths, uint16_t vendor_id) {
  std::vector<policy::VendorListVersion> versions;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> text = ReadTextFile(path, kVendorListFileBytesMax);
    if (!text.ok()) return OfFile(path, text.status());
    const auto version = VendorListFromJson(*text, vendor_id);
    if (!version.ok()) return OfFile(path, version.status());
    if (version->has_value()) versions.push_back(**version);
  }
  return policy::VendorList::Create(std::move(versions));
}

}  // namespace assent::storage
