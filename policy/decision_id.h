// What a logged decision is called: when it was made, and a number that tells decisions of one microsecond apart.
#ifndef ASSENT_POLICY_DECISION_ID_H_
#define ASSENT_POLICY_DECISION_ID_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace assent::policy {

inline constexpr size_t kDecisionIdBytes = 16;
inline constexpr size_t kDecisionIdTextBytes = 2 * kDecisionIdBytes;

// Bytes 0-7: microseconds since 1970, 8-15: the number; both big-endian, so that ids in order are decisions in the
// order of time. It names no person and is no secret: whoever may read a decision is asked for a role, or was its
// receiver.
struct DecisionId {
  std::array<uint8_t, kDecisionIdBytes> bytes = {};

  static DecisionId Of(int64_t time_us, uint64_t number);
  // The least id of that moment.
  static DecisionId From(int64_t time_us) { return Of(time_us, 0); }
  int64_t time_us() const;

  friend bool operator==(const DecisionId&, const DecisionId&) = default;
  friend auto operator<=>(const DecisionId&, const DecisionId&) = default;
};

// 32 lower-case hexadecimal characters. Shape: text is [kDecisionIdTextBytes]. Cost: no allocation.
void WriteDecisionId(const DecisionId& id, char* text);
std::string DecisionIdText(const DecisionId& id);
// Nothing for anything that WriteDecisionId does not write.
std::optional<DecisionId> ParseDecisionId(absl::string_view text);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_DECISION_ID_H_
