// A subject's running aggregates: fixed size, O(1) an event, the same whatever the order in which events arrive.
#ifndef ASSENT_SCORING_PROFILE_H_
#define ASSENT_SCORING_PROFILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scoring/event.h"
#include "scoring/feature_schema.h"

namespace assent::scoring {

// Events whose ids a profile remembers: one of the last kRepeatWindow folded events that comes again counts once.
inline constexpr size_t kRepeatWindow = 16;
inline constexpr size_t kAggregateBytes = 16;       // state of one aggregate
inline constexpr size_t kDistinctSketchBytes = 64;  // further state of a kDistinct

enum class FoldResult : uint8_t { kFolded, kRepeated, kIrrelevant };

// How the state of a profile lies in memory, for the aggregates of one schema: the plan that Fold and Read follow.
// Shape of a state: state_bytes() bytes, 8-byte aligned; all zero is the empty profile. The same bytes go to disk
// (little-endian, docs/storage_format.md), named by digest().
// Threads: safe; immutable.
class ProfileLayout {
 public:
  // Errors: InvalidArgument that names the feature and the limit (FeatureSchema::Create has checked each aggregate
  // alone).
  static absl::StatusOr<ProfileLayout> Create(const FeatureSchema& schema);

  size_t state_bytes() const;
  // Identity of the arrangement: equal for schemas whose aggregates are equal and in the same order.
  uint64_t digest() const;

  // The number of a name, or kUnknownName: an event type that neither an aggregate nor other_event_types names, an
  // attribute that no aggregate reads. Cost: one hash, no allocation.
  NameNumber EventType(absl::string_view name) const;
  NameNumber Attribute(absl::string_view name) const;

  // Whether an event can be folded: empty, or what is wrong with it (for instance `attribute price: must be a number`).
  // Text is built only when something is wrong.
  absl::Status Check(const Event& event) const;

  // Folds one event that Check accepts. kRepeated: its id is in the window, nothing changed. kIrrelevant: no aggregate
  // reads its type; nothing changed.
  // Cost: O(aggregates), no allocation.
  FoldResult Fold(const Event& event, std::span<uint8_t> state) const;

  // The aggregates' raw values at `now_us`, or at the newest event where that is later: values and missing are
  // [schema.scored_size()], as FeatureSchema::Scale takes them; entries of direct features are left alone. An aggregate
  // that has seen no event is missing, save kCount, kSum and kDistinct, which are 0. Shares and ratios are applied;
  // over a denominator that is missing or 0 they are missing. What does not fit a float32 becomes the largest one.
  // Cost: O(aggregates), no allocation.
  void Read(std::span<const uint8_t> state, int64_t now_us, std::span<float> values, std::span<uint8_t> missing) const;

  // Carries over what two layouts have in common: `to` (all zero) gets the aggregates of `from` that are equal, the
  // repeat window and the times. Cost: O(aggregates^2), no allocation.
  void Convert(const ProfileLayout& from_layout, std::span<const uint8_t> from, std::span<uint8_t> to) const;

  // When the newest event happened, in microseconds since 1970; 0 for the empty profile.
  static int64_t LastEventUs(std::span<const uint8_t> state);
  // How many events were folded.
  static uint64_t EventCount(std::span<const uint8_t> state);

 private:
  ProfileLayout() = default;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_PROFILE_H_
