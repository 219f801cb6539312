#include "scoring/distinct_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

namespace assent::scoring {
namespace {

constexpr uint64_t kAsRegisters = kDistinctListed + 1;
constexpr int kIndexBits = 7;
constexpr int kRankMax = 15;
static_assert(size_t{1} << kIndexBits == kDistinctRegisters);

uint8_t Register(const DistinctBody& body, size_t index) { return (body[index / 2] >> (index % 2 * 4)) & 0xF; }

// The low 7 bits choose the register; its value is the position of the first one bit of the other 25, from the top.
void RaiseRegister(uint32_t hash, DistinctBody& body) {
  const size_t index = hash % kDistinctRegisters;
  const uint32_t rest = hash & ~uint32_t{kDistinctRegisters - 1};
  const auto rank = static_cast<uint8_t>(std::min(std::countl_zero(rest) + 1, kRankMax));
  if (rank <= Register(body, index)) return;
  const auto shift = static_cast<unsigned>(index % 2 * 4);
  const auto others = static_cast<uint8_t>(body[index / 2] & (0xF0u >> shift));
  body[index / 2] = static_cast<uint8_t>(others | (static_cast<unsigned>(rank) << shift));
}

// The series of Ertl's algorithm 6; both converge within a few dozen steps.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double sum = x;
  for (double before = -1; sum != before;) {
    x *= x;
    before = sum;
    sum += x * y;
    y += y;
  }
  return sum;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double sum = 1 - x;
  for (double before = -1; sum != before;) {
    x = std::sqrt(x);
    before = sum;
    y *= 0.5;
    sum -= (1 - x) * (1 - x) * y;
  }
  return sum / 3;
}

}  // namespace

void AddDistinct(uint64_t value_hash, DistinctHead& head, DistinctBody& body) {
  const auto hash = static_cast<uint32_t>(value_hash >> 32);
  if (head.listed == kAsRegisters) {
    RaiseRegister(hash, body);
    return;
  }
  std::array<uint32_t, kDistinctListed + 1> list;
  std::memcpy(list.data(), body.data(), body.size());
  const auto end = list.begin() + static_cast<ptrdiff_t>(std::min<size_t>(head.listed, kDistinctListed));
  const auto at = std::lower_bound(list.begin(), end, hash);
  if (at != end && *at == hash) return;
  std::move_backward(at, end, end + 1);
  *at = hash;
  ++head.listed;
  if (head.listed != kAsRegisters) {
    std::memcpy(body.data(), list.data(), body.size());
    return;
  }
  body = {};
  for (const uint32_t one : list) RaiseRegister(one, body);
}

double CountDistinct(const DistinctHead& head, const DistinctBody& body) {
  if (head.listed != kAsRegisters) return static_cast<double>(head.listed);
  std::array<double, kRankMax + 1> registers{};  // how many hold each value
  for (size_t i = 0; i < kDistinctRegisters; ++i) ++registers[Register(body, i)];
  constexpr auto kCount = static_cast<double>(kDistinctRegisters);
  double sum = kCount * Tau(1 - registers[kRankMax] / kCount);
  for (int rank = kRankMax - 1; rank >= 1; --rank) sum = 0.5 * (sum + registers[static_cast<size_t>(rank)]);
  sum += kCount * Sigma(registers[0] / kCount);
  return kCount * kCount / (2 * std::numbers::ln2 * sum);
}

}  // namespace assent::scoring
