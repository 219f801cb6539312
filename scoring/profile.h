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
#include "scoring/event_match.h"
#include "scoring/feature_schema.h"
#include "scoring/repeat_window.h"

namespace assent::scoring {

// What an event's time may be, and the numbers that are aggregated, so that no sum can overflow.
inline constexpr int64_t kEventTimeUsMax = 253'402'300'799'999'999;  // the end of the year 9999
inline constexpr double kAggregatedNumberMax = 1e30;

// Events whose ids a profile remembers: one of the last kRepeatWindow folded events that comes again counts once.
inline constexpr size_t kRepeatWindow = kWindowEvents;
inline constexpr size_t kSettledEventsMax = 64;  // of a FoldAll
inline constexpr size_t kProfileHeadBytes = sizeof(ProfileHead);
inline constexpr size_t kAggregateBytes = 16;       // state of one aggregate
inline constexpr size_t kDistinctSketchBytes = 64;  // further state of a kDistinct

enum class FoldResult : uint8_t { kFolded, kRepeated, kIrrelevant };

// What became of the events of a call.
struct FoldCounts {
  uint32_t folded = 0;
  uint32_t repeated = 0;
  uint32_t irrelevant = 0;
};

// How the state of a profile lies in memory, for the aggregates of one schema: the plan that Fold and Read follow.
// Shape of a state: state_bytes() bytes, 8-byte aligned; all zero is the empty profile. The same bytes go to disk
// (little-endian, docs/storage_format.md), named by digest().
// Threads: safe; immutable.
class ProfileLayout {
 public:
  // FeatureSchema::Create has checked the aggregates. Equal aggregates share their state.
  static absl::StatusOr<ProfileLayout> Create(const FeatureSchema& schema);

  size_t state_bytes() const { return state_bytes_; }
  // Identity of the arrangement: equal for schemas whose aggregates are equal and in the same order.
  uint64_t digest() const { return digest_; }

  // The number of a name, or kUnknownName: an event type that neither an aggregate nor other_event_types names, an
  // attribute that no aggregate reads. Cost: one hash, no allocation.
  NameNumber EventType(absl::string_view name) const;
  NameNumber Attribute(absl::string_view name) const;

  // Whether an aggregate reads events of every type: then no type is unknown, whatever EventType says.
  bool ReadsEveryType() const { return !slots_of_every_type_.empty(); }

  // Whether an event can be folded: OK, or InvalidArgument that says what is wrong with it (for instance `attribute
  // price: must be a number`): a time before 1970 or after kEventTimeUsMax, an aggregated attribute that is no number,
  // or none within kAggregatedNumberMax. Cost when OK: O(aggregates), no allocation.
  absl::Status Check(const Event& event) const;

  // Folds one event that Check accepts. kRepeated: its id is in the window, nothing changed. kIrrelevant: no aggregate
  // reads its type; nothing changed.
  // Cost: O(aggregates), no allocation.
  FoldResult Fold(const Event& event, std::span<uint8_t> state) const;

  // Folds the events of one call in their order. Which ids are known is settled before the first is folded (of the
  // first kSettledEventsMax events): else each event of a call that is sent again could push the next one's id out of
  // the window.
  FoldCounts FoldAll(std::span<const Event> events, std::span<uint8_t> state) const;

  // The aggregates' raw values at `now_us`, or at the newest event where that is later: values and missing are
  // [schema.scored_size()], as FeatureSchema::Scale takes them; entries of direct features are left alone. An aggregate
  // that has seen no event is missing, save kCount, kSum and kDistinct, which are 0. Shares and ratios are applied;
  // over a denominator that is missing or 0 they are missing. What does not fit a float32 becomes the largest one.
  // Cost: O(aggregates), no allocation.
  void Read(std::span<const uint8_t> state, int64_t now_us, std::span<float> values, std::span<uint8_t> missing) const;

  // Carries over what two layouts have in common: `to` (all zero) gets the aggregates of `from` that are equal, the
  // repeat window and the times. Cost: O(aggregates^2), no allocation.
  void Convert(const ProfileLayout& from_layout, std::span<const uint8_t> from, std::span<uint8_t> to) const;

  // When the newest, and the oldest, event happened, in microseconds since 1970; 0 for the empty profile.
  static int64_t LastEventUs(std::span<const uint8_t> state);
  static int64_t FirstEventUs(std::span<const uint8_t> state);
  // How many events were folded.
  static uint64_t EventCount(std::span<const uint8_t> state);

 private:
  // One aggregate that differs from all others.
  struct Slot {
    AggregateFunction function = AggregateFunction::kCount;
    NameNumber attribute = kUnknownName;
    std::vector<ResolvedFilter> filters = {};
    int half_life = -1;        // into half_lives_us_
    uint32_t offset = 0;       // of its 16 bytes in the state
    uint32_t sketch = 0;       // offset of a kDistinct's further bytes
    Aggregate aggregate = {};  // as the schema has it
  };
  // A scored feature that is read from slots.
  struct Output {
    uint32_t position = 0;
    uint32_t slot = 0;
    int divisor = -1;  // a slot
  };

  ProfileLayout() = default;
  uint32_t AddSlot(const Aggregate& aggregate);
  int HalfLife(const Aggregate& aggregate);
  void NumberEventTypes(const FeatureSchema& schema);
  void PlaceSlots();
  std::span<const uint32_t> SlotsOf(NameNumber event_type) const;
  void Rebase(int64_t by_us, std::span<uint8_t> state) const;
  void FoldInto(const Slot& slot, const Event& event, double weight, std::span<uint8_t> state) const;
  // The value of a slot, NaN where it is missing. `factor` decays from the reference time to `now_us`.
  double Value(const Slot& slot, std::span<const uint8_t> state, int64_t now_us, double factor) const;

  std::vector<Slot> slots_;
  std::vector<Output> outputs_;
  std::vector<double> half_lives_us_;                 // distinct
  std::vector<std::vector<uint32_t>> slots_by_type_;  // [event type] slots
  std::vector<uint32_t> slots_of_every_type_;
  absl::flat_hash_map<std::string, NameNumber> event_types_;
  absl::flat_hash_map<std::string, NameNumber> attributes_;
  std::vector<std::string> attribute_names_;
  size_t state_bytes_ = 0;
  uint64_t digest_ = 0;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_PROFILE_H_
