// Bits, most significant first, straight from base64url text: six a character.
#ifndef ASSENT_POLICY_BIT_READER_H_
#define ASSENT_POLICY_BIT_READER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace assent::policy {

// The most bits that one Read returns: the time stamps of TCF.
inline constexpr int kBitsReadMax = 36;
// The largest Fibonacci-coded integer that is accepted: vendor and section ids have at most 16 bits.
inline constexpr uint32_t kFibonacciMax = 65535;

// Reads and never looks back. Whatever goes wrong (a character outside of the alphabet anywhere in the text, too few
// bits) makes ok() false for good, and every later read gives 0. Up to two '=' at the end are ignored.
// Ownership: borrows the text. Threads: one. Cost: the constructor looks at every character; no allocation.
// Source: RFC 4648, section 5.
class BitReader {
 public:
  explicit BitReader(absl::string_view text);

  bool ok() const { return ok_; }
  // The bits not yet read.
  size_t left() const { return 6 * (text_.size() - next_) + buffered_; }

  // Precondition: 0 <= bits <= kBitsReadMax.
  uint64_t Read(int bits);
  bool ReadFlag() { return Read(1) != 0; }
  // Reads `bits` bits and tells whether any is set.
  bool ReadAny(size_t bits);
  // A sum of 1, 2, 3, 5, 8, …, smallest first, ended by two ones. 0, and no longer ok(): it has no end, or exceeds
  // kFibonacciMax. Source: GPP, "Fibonacci coding".
  uint32_t ReadFibonacci();
  // Reads what is left; true: nothing but zeros, and all was well before.
  bool EndsInZeros() { return !ReadAny(left()) && ok_; }

 private:
  void Refill(unsigned bits);
  void Fail();

  absl::string_view text_;
  size_t next_ = 0;        // of text_
  uint64_t buffer_ = 0;    // its low `buffered_` bits are next
  unsigned buffered_ = 0;  // fewer than 6 between two reads
  bool ok_ = true;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_BIT_READER_H_
