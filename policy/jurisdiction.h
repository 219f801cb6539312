// Which regime holds where: what a jurisdiction asks for before a purpose may be served.
#ifndef ASSENT_POLICY_JURISDICTION_H_
#define ASSENT_POLICY_JURISDICTION_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::policy {

// Ascending by strictness; docs/verdict.md says what each asks for.
enum class Regime : uint8_t {
  kUnknown = 0,  // nothing is said of the place
  kOptOut = 1,
  kOptIn = 2,
  kStrict = 3,
  kNotServed = 4,
};

constexpr Regime Stricter(Regime a, Regime b) { return std::max(a, b); }

// What holds where a regime is stated for a place: where none is, that of nowhere in particular; at least opt-in where
// the GDPR applies.
constexpr Regime RegimeInForce(Regime stated, Regime otherwise, bool gdpr_applies) {
  const Regime regime = stated == Regime::kUnknown ? otherwise : stated;
  return gdpr_applies ? Stricter(regime, Regime::kOptIn) : regime;
}

// Two capital letters, or these with a subdivision of one to three capitals or digits: "DE", "US-CA".
bool IsJurisdiction(absl::string_view code);

// The jurisdiction packs of a configuration. Immutable. Threads: safe.
class Jurisdictions {
 public:
  static constexpr size_t kEntriesMax = 1024;

  // No place is listed, and the default is opt-in.
  Jurisdictions() = default;
  // Errors: InvalidArgument that names the entry: not a jurisdiction, listed twice, kUnknown, or more than kEntriesMax;
  // or a default that is kUnknown.
  static absl::StatusOr<Jurisdictions> Create(const std::vector<std::pair<std::string, Regime>>& listed,
                                              Regime otherwise);

  // kUnknown for an empty code. A subdivision that is not listed has its country's regime; a place that is not listed
  // the default. Cost: at most two lookups, no allocation.
  Regime RegimeOf(absl::string_view code) const;
  // Where nothing is said of the place.
  Regime otherwise() const { return otherwise_; }

 private:
  absl::flat_hash_map<std::string, Regime> listed_;
  Regime otherwise_ = Regime::kOptIn;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_JURISDICTION_H_
