#include "policy/jurisdiction.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace assent::policy {
namespace {

constexpr size_t kCountryBytes = 2;
constexpr size_t kCodeBytesMax = 6;

}  // namespace

bool IsJurisdiction(absl::string_view code) {
  const auto upper = [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); };
  const auto upper_or_digit = [](char c) {
    return absl::ascii_isupper(static_cast<unsigned char>(c)) || absl::ascii_isdigit(static_cast<unsigned char>(c));
  };
  if (code.size() < kCountryBytes || code.size() > kCodeBytesMax || !upper(code[0]) || !upper(code[1])) return false;
  if (code.size() == kCountryBytes) return true;
  const absl::string_view subdivision = code.substr(kCountryBytes + 1);
  return code[kCountryBytes] == '-' && !subdivision.empty() &&
         std::all_of(subdivision.begin(), subdivision.end(), upper_or_digit);
}

absl::StatusOr<Jurisdictions> Jurisdictions::Create(const std::vector<std::pair<std::string, Regime>>& listed,
                                                    Regime otherwise) {
  if (otherwise == Regime::kUnknown) return absl::InvalidArgumentError("the default regime is not said");
  if (listed.size() > kEntriesMax) {
    return absl::InvalidArgumentError(absl::StrCat("more jurisdictions than ", kEntriesMax));
  }
  Jurisdictions made;
  made.otherwise_ = otherwise;
  for (const auto& [code, regime] : listed) {
    if (!IsJurisdiction(code)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", code, "': must be an ISO 3166-1 alpha-2 or 3166-2 code, such as DE or US-CA"));
    }
    if (regime == Regime::kUnknown) return absl::InvalidArgumentError(absl::StrCat("'", code, "': has no regime"));
    if (!made.listed_.emplace(code, regime).second) {
      return absl::InvalidArgumentError(absl::StrCat("'", code, "': is listed twice"));
    }
  }
  return made;
}

Regime Jurisdictions::RegimeOf(absl::string_view code) const {
  if (code.empty()) return Regime::kUnknown;
  if (const auto found = listed_.find(code); found != listed_.end()) return found->second;
  if (const auto found = listed_.find(code.substr(0, kCountryBytes)); found != listed_.end()) return found->second;
  return otherwise_;
}

}  // namespace assent::policy
