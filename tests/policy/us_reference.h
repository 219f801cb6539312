// The sections for the United States a second time, written from the specification alone: slow, fields by name.
#ifndef ASSENT_TESTS_POLICY_US_REFERENCE_H_
#define ASSENT_TESTS_POLICY_US_REFERENCE_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace assent::policy {

struct UsReference {
  int version = 0;
  // Each field with its answers, in the order of the string.
  std::map<std::string, std::vector<int>> field;
  bool gpc = false;
};

// Nothing: malformed.
std::optional<UsReference> DecodeUsReference(int section, const std::string& text);

enum class UsDenial { kNothing, kAdvertising, kEverything };
// kEverything for a malformed one.
UsDenial UsDenialReference(int section, const std::string& text);

// How many answers of two bits a section has, for those who make one.
struct UsReferenceSize {
  int core_answers = 0;
  int second_answers = 0;
  bool gpc = false;
};
UsReferenceSize UsReferenceSizeOf(int section, bool first_national);

}  // namespace assent::policy

#endif  // ASSENT_TESTS_POLICY_US_REFERENCE_H_
