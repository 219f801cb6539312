#include "policy/bit_reader.h"

#include <algorithm>
#include <array>

namespace assent::policy {
namespace {

constexpr uint8_t kNoDigit = 0x80;

constexpr std::array<uint8_t, 256> MakeBase64UrlDigits() {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<uint8_t, 256> digits = {};
  for (uint8_t& digit : digits) digit = kNoDigit;
  for (uint8_t value = 0; value < 64; ++value) digits[static_cast<uint8_t>(kAlphabet[value])] = value;
  return digits;
}

constexpr std::array<uint8_t, 256> kBase64UrlDigits = MakeBase64UrlDigits();

unsigned Base64UrlDigit(char character) { return kBase64UrlDigits[static_cast<uint8_t>(character)]; }

}  // namespace

BitReader::BitReader(absl::string_view text) : text_(text) {
  for (int padding = 0; padding < 2 && !text_.empty() && text_.back() == '='; ++padding) text_.remove_suffix(1);
  unsigned seen = 0;
  for (const char character : text_) seen |= Base64UrlDigit(character);
  if ((seen & kNoDigit) == 0) return;
  Fail();
}

void BitReader::Fail() {
  ok_ = false;
  text_ = {};
  next_ = 0;
  buffered_ = 0;
}

void BitReader::Refill(unsigned bits) {
  while (buffered_ < bits) {
    buffer_ = (buffer_ << 6) | Base64UrlDigit(text_[next_]);
    ++next_;
    buffered_ += 6;
  }
}

uint64_t BitReader::Read(int bits) {
  const auto wanted = static_cast<unsigned>(bits);
  if (wanted > left()) Fail();
  if (!ok_) return 0;
  Refill(wanted);
  buffered_ -= wanted;
  return (buffer_ >> buffered_) & ((uint64_t{1} << wanted) - 1);
}

bool BitReader::ReadAny(size_t bits) {
  const size_t first = std::min<size_t>(bits, buffered_);
  uint64_t seen = Read(static_cast<int>(first));
  bits -= first;
  if (bits > left()) Fail();
  if (!ok_) return false;
  for (; bits >= 6; bits -= 6) {
    seen |= Base64UrlDigit(text_[next_]);
    ++next_;
  }
  seen |= Read(static_cast<int>(bits));
  return seen != 0;
}

uint32_t BitReader::ReadFibonacci() {
  uint32_t sum = 0;
  uint32_t term = 1, next_term = 2;
  bool previous = false;
  while (ok_) {
    const bool bit = ReadFlag();
    if (bit && previous) return sum;
    if (bit) sum += term;
    if (sum > kFibonacciMax) break;
    previous = bit;
    if (term > kFibonacciMax) continue;  // large enough that adding it once more ends the loop
    const uint32_t sum_of_terms = term + next_term;
    term = next_term;
    next_term = sum_of_terms;
  }
  Fail();
  return 0;
}

}  // namespace assent::policy
