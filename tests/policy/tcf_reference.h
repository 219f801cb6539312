// TCF a second time, written from the specification alone: slow, on texts of zeros and ones, with lists of everything.
#ifndef ASSENT_TESTS_POLICY_TCF_REFERENCE_H_
#define ASSENT_TESTS_POLICY_TCF_REFERENCE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/vendor_list.h"

namespace assent::policy {

struct TcfReference {
  // By the names of the specification. A set of numbers, or a number.
  std::map<std::string, uint64_t> number;
  std::map<std::string, std::string> letters;
  std::map<std::string, std::set<int>> set;
  struct Restriction {
    int purpose, type;
    std::set<int> vendors;
  };
  std::vector<Restriction> restrictions;
  bool has_publisher = false;
};

// Nothing: malformed.
std::optional<TcfReference> DecodeTcfReference(const std::string& text);

// The TCF purposes that are permitted to `vendor`; nothing: the string is invalid.
std::optional<std::set<int>> PermittedReference(const std::string& text, int vendor,
                                                const VendorRegistration& registration);

}  // namespace assent::policy

#endif  // ASSENT_TESTS_POLICY_TCF_REFERENCE_H_
