#include "server/policy_configuration.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/use.h"

namespace assent::server {
namespace {

// In the order of policy::Use, from kEmployment on.
constexpr std::array<absl::string_view, policy::kUseCount - 1> kUseNames = {"employment", "credit",    "housing",
                                                                            "insurance",  "education", "health"};

constexpr uint32_t kVendorIdMax = 65'535;
constexpr int kVendorListFilesMax = 64;

absl::Status Refuse(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

// Numbered alike, but for what this version does not know.
policy::Regime RegimeFrom(internal::v1::Regime regime) {
  return internal::v1::Regime_IsValid(regime) ? static_cast<policy::Regime>(regime) : policy::Regime::kUnknown;
}

}  // namespace

absl::StatusOr<policy::Jurisdictions> ReadJurisdictions(const internal::v1::JurisdictionConfig& message) {
  std::vector<std::pair<std::string, policy::Regime>> listed;
  for (int i = 0; i < message.packs_size(); ++i) {
    const internal::v1::JurisdictionPack& pack = message.packs(i);
    const std::string field = absl::StrCat("jurisdictions.packs[", i, "]");
    const policy::Regime regime = RegimeFrom(pack.regime());
    if (regime == policy::Regime::kUnknown) {
      return Refuse(absl::StrCat(field, ".regime"),
                    "is required: REGIME_OPT_OUT, REGIME_OPT_IN, REGIME_STRICT or REGIME_NOT_SERVED");
    }
    if (pack.codes().empty()) return Refuse(absl::StrCat(field, ".codes"), "is required");
    for (const std::string& code : pack.codes()) listed.emplace_back(code, regime);
  }
  policy::Regime otherwise = policy::Regime::kOptIn;
  if (message.default_regime() != internal::v1::REGIME_UNSPECIFIED) otherwise = RegimeFrom(message.default_regime());
  auto made = policy::Jurisdictions::Create(listed, otherwise);
  if (!made.ok()) return Refuse("jurisdictions", made.status().message());
  return made;
}

absl::Status ReadSignalConfig(const internal::v1::SignalConfig& message, Configuration& out) {
  if (message.tcf_vendor_id() > kVendorIdMax) {
    return Refuse("signals.tcf_vendor_id", absl::StrCat("must be 1 to ", kVendorIdMax, ", or 0 for none"));
  }
  if (message.vendor_list_files_size() > kVendorListFilesMax) {
    return Refuse("signals.vendor_list_files", absl::StrCat("has more entries than ", kVendorListFilesMax));
  }
  if (message.tcf_vendor_id() == 0 && message.vendor_list_files_size() != 0) {
    return Refuse("signals.vendor_list_files",
                  "needs signals.tcf_vendor_id: which vendor of the list this deployment is");
  }
  if (message.tcf_vendor_id() != 0 && message.vendor_list_files_size() == 0) {
    return Refuse("signals.vendor_list_files", "is required with signals.tcf_vendor_id: what the vendor registered");
  }
  out.tcf_vendor_id = static_cast<uint16_t>(message.tcf_vendor_id());
  out.vendor_list_files.assign(message.vendor_list_files().begin(), message.vendor_list_files().end());
  out.tcf_only_with_gdpr = message.tcf_only_with_gdpr();
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ReadUsesAllowed(const internal::v1::ServerConfig& message) {
  uint32_t uses = 0;
  for (const std::string& name : message.significant_uses_allowed()) {
    const auto found = std::find(kUseNames.begin(), kUseNames.end(), name);
    if (found == kUseNames.end()) {
      return Refuse("significant_uses_allowed",
                    absl::StrCat("there is no use \"", name, "\"; uses are ", absl::StrJoin(kUseNames, ", ")));
    }
    uses |= policy::UseBit(static_cast<policy::Use>(found - kUseNames.begin() + 1));
  }
  return uses;
}

}  // namespace assent::server
