#include "tests/policy/signal_fixture.h"

#include <cstdlib>

#include "tests/policy/us_reference.h"

namespace assent::policy {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool OneIn(Random& random, int n) { return Between(random, 1, n) == 1; }

std::string RandomBits(Random& random, int width) {
  std::string bits;
  while (static_cast<int>(bits.size()) < width) bits += Bits(random() & 1, 1);
  return bits;
}

// Vendor ids near 42, so that ranges often hold it, and some far away.
int RandomVendor(Random& random, int most) { return Between(random, 1, OneIn(random, 4) ? most : std::min(most, 60)); }

std::string RandomRange(Random& random, int most) {
  int first = RandomVendor(random, most);
  int last = std::min(most, first + Between(random, 0, 30));
  if (OneIn(random, 300)) first = 0;
  if (OneIn(random, 300)) last = first - 1;
  if (OneIn(random, 300)) last = most + 1;
  if (OneIn(random, 2) && first > 0) return "0" + Bits(static_cast<uint64_t>(first), 16);
  return "1" + Bits(static_cast<uint64_t>(first), 16) + Bits(static_cast<uint64_t>(std::max(last, 0)), 16);
}

std::string RandomRanges(Random& random, int most) {
  const int entries = OneIn(random, 4) ? 0 : Between(random, 1, 8);
  std::string bits = Bits(static_cast<uint64_t>(entries), 12);
  for (int i = 0; i < entries; ++i) bits += RandomRange(random, most);
  return bits;
}

std::string RandomVendors(Random& random) {
  const int most = OneIn(random, 5) ? 0 : Between(random, 1, OneIn(random, 3) ? 1500 : 60);
  std::string bits = Bits(static_cast<uint64_t>(most), 16);
  if (OneIn(random, 2))
    return bits + "0" + (OneIn(random, 4) ? std::string(static_cast<size_t>(most), '0') : RandomBits(random, most));
  return bits + "1" + (most == 0 ? Bits(0, 12) : RandomRanges(random, most));
}

std::string RandomCore(Random& random) {
  // Days around the two dates from which rules hold, and the dates themselves.
  constexpr int64_t kDay_ds = 864000;
  const int64_t from = OneIn(random, 2) ? 17723232000 : 16961184000;
  const int64_t created = from + kDay_ds * Between(random, -3, 3);
  const int64_t updated = OneIn(random, 3) ? created : from + kDay_ds * Between(random, -3, 3) - Between(random, 0, 1);
  std::string bits = Bits(OneIn(random, 50) ? 1 : 2, 6);
  bits += Bits(static_cast<uint64_t>(created), 36) + Bits(static_cast<uint64_t>(updated), 36);
  bits += RandomBits(random, 12 + 12 + 6);
  bits +=
      Bits(static_cast<uint64_t>(Between(random, 0, 25)), 6) + Bits(static_cast<uint64_t>(Between(random, 0, 25)), 6);
  bits += Bits(OneIn(random, 8) ? 7 : 100, 12);
  bits += Bits(static_cast<uint64_t>(OneIn(random, 4) ? Between(random, 0, 3) : Between(random, 4, 6)), 6);
  bits += OneIn(random, 8) ? "0" : "1";
  bits += RandomBits(random, 1 + 12 + 24 + 24 + 1);
  bits +=
      Bits(static_cast<uint64_t>(Between(random, 0, 25)), 6) + Bits(static_cast<uint64_t>(Between(random, 0, 25)), 6);
  bits += RandomVendors(random) + RandomVendors(random);
  const int restrictions = OneIn(random, 2) ? 0 : Between(random, 1, 12);
  bits += Bits(static_cast<uint64_t>(restrictions), 12);
  for (int i = 0; i < restrictions; ++i) {
    bits += Bits(static_cast<uint64_t>(OneIn(random, 10) ? Between(random, 0, 63) : Between(random, 1, 11)), 6);
    bits += RandomBits(random, 2) + RandomRanges(random, 65535);
  }
  return bits;
}

std::string RandomPublisher(Random& random) {
  const int custom = OneIn(random, 10) ? 63 : Between(random, 0, 5);
  return Bits(3, 3) + RandomBits(random, 48) + Bits(static_cast<uint64_t>(custom), 6) + RandomBits(random, 2 * custom);
}

// Sometimes cut short, followed by zeros, or by a one.
std::string Spoiled(Random& random, std::string bits) {
  if (OneIn(random, 60)) bits.resize(static_cast<size_t>(Between(random, 0, static_cast<int>(bits.size()) - 1)));
  if (OneIn(random, 10)) bits += std::string(static_cast<size_t>(Between(random, 1, 20)), '0');
  if (OneIn(random, 80)) bits += "1";
  return TextOfBits(bits);
}

}  // namespace

size_t SignalCasesOr(size_t otherwise) {
  const char* const cases = std::getenv("ASSENT_TEST_CASES");
  return cases == nullptr ? otherwise : static_cast<size_t>(std::atoll(cases));
}

int Between(Random& random, int low, int high) {
  return low + static_cast<int>(random() % static_cast<uint64_t>(high - low + 1));
}

std::string Bits(uint64_t number, int width) {
  std::string bits;
  for (int i = width - 1; i >= 0; --i) bits += (number >> i & 1) != 0 ? '1' : '0';
  return bits;
}

std::string TextOfBits(const std::string& bits) {
  std::string text;
  for (size_t at = 0; at < bits.size(); at += 6) {
    std::string six = bits.substr(at, 6);
    six.resize(6, '0');
    text += kAlphabet[std::stoi(six, nullptr, 2)];
  }
  return text;
}

std::string BitsOfText(const std::string& text) {
  std::string bits;
  for (const char character : text) bits += Bits(std::string(kAlphabet).find(character), 6);
  return bits;
}

const VendorRegistration& ExampleRegistration() {
  static const VendorRegistration registration = {
      .consent_purposes = 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9 | 1u << 10,
      .legitimate_interest_purposes = 1u << 2 | 1u << 8 | 1u << 11,
      .flexible_purposes = 1u << 2 | 1u << 7 | 1u << 9};
  return registration;
}

TcfPolicy ExamplePolicy() {
  static const VendorList list =
      VendorList::Create({{.specification = 3, .version = 100, .registration = ExampleRegistration()},
                          {.specification = 2, .version = 100, .registration = ExampleRegistration()}})
          .value();
  return {.vendor_id = kExampleVendor, .list = &list};
}

std::string RandomTcf(Random& random) {
  std::string text = Spoiled(random, RandomCore(random));
  if (!OneIn(random, 8)) text += "." + Spoiled(random, Bits(1, 3) + RandomVendors(random));
  if (OneIn(random, 3)) text += "." + Spoiled(random, RandomPublisher(random));
  if (OneIn(random, 6)) text += "." + Spoiled(random, Bits(2, 3) + RandomVendors(random));
  if (OneIn(random, 40)) text += "." + Spoiled(random, Bits(static_cast<uint64_t>(Between(random, 0, 7)), 3));
  if (OneIn(random, 20)) text += OneIn(random, 2) ? "=" : "==";
  if (OneIn(random, 100)) text[static_cast<size_t>(Between(random, 0, static_cast<int>(text.size()) - 1))] = '+';
  return text;
}

std::string RandomUsSection(Random& random, int section) {
  const bool first_national = section == 7 && OneIn(random, 2);
  std::string bits = Bits(section == 7 && !first_national ? 2 : 1, 6);
  if (OneIn(random, 60)) bits = Bits(static_cast<uint64_t>(Between(random, 0, 3)), 6);
  const UsReferenceSize size = UsReferenceSizeOf(section, first_national);
  // Mostly harmless, so that single answers decide.
  for (int i = 0; i < size.core_answers; ++i) {
    bits += Bits(static_cast<uint64_t>(OneIn(random, 12) ? Between(random, 0, OneIn(random, 30) ? 3 : 2) : 0), 2);
  }
  std::string text = Spoiled(random, bits);
  if (size.second_answers > 0 && OneIn(random, 2)) {
    std::string second;
    for (int i = 0; i < size.second_answers; ++i) {
      second += Bits(static_cast<uint64_t>(OneIn(random, 12) ? Between(random, 0, 2) : 0), 2);
    }
    text += "." + Spoiled(random, second);
  } else if (OneIn(random, size.gpc ? 2 : 30)) {
    text += "." + Spoiled(random, Bits(OneIn(random, 30) ? 2 : 1, 2) + Bits(random() & 1, 1));
  }
  if (OneIn(random, 60)) text += ".QA";
  return text;
}

}  // namespace assent::policy
