#include "policy/decision_id.h"

namespace assent::policy {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr size_t kTimeBytes = 8;

int HexDigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

void PutBig(uint64_t value, uint8_t* bytes) {
  for (size_t i = 0; i < kTimeBytes; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * (kTimeBytes - 1 - i)));
}

}  // namespace

DecisionId DecisionId::Of(int64_t time_us, uint64_t number) {
  DecisionId id;
  PutBig(static_cast<uint64_t>(time_us), id.bytes.data());
  PutBig(number, id.bytes.data() + kTimeBytes);
  return id;
}

int64_t DecisionId::time_us() const {
  uint64_t value = 0;
  for (size_t i = 0; i < kTimeBytes; ++i) value = value << 8 | bytes[i];
  return static_cast<int64_t>(value);
}

void WriteDecisionId(const DecisionId& id, char* text) {
  for (const uint8_t byte : id.bytes) {
    *text++ = kHexDigits[byte >> 4];
    *text++ = kHexDigits[byte & 15];
  }
}

std::string DecisionIdText(const DecisionId& id) {
  std::string text(kDecisionIdTextBytes, '\0');
  WriteDecisionId(id, text.data());
  return text;
}

std::optional<DecisionId> ParseDecisionId(absl::string_view text) {
  if (text.size() != kDecisionIdTextBytes) return std::nullopt;
  DecisionId id;
  for (size_t i = 0; i < kDecisionIdBytes; ++i) {
    const int high = HexDigitValue(text[2 * i]);
    const int low = HexDigitValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return id;
}

}  // namespace assent::policy
