// The parts of a text between separators, one after the other, without copying.
#ifndef ASSENT_POLICY_TEXT_PARTS_H_
#define ASSENT_POLICY_TEXT_PARTS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace assent::policy {

// Every text has at least one part; "a." has two, of which the second is empty. Ownership: borrows the text.
// Cost: one look at each character, no allocation.
class TextParts {
 public:
  TextParts(absl::string_view text, char separator) : rest_(text), separator_(separator) {}

  // False: there was no part left.
  bool Next(absl::string_view& part) {
    if (done_) return false;
    const size_t end = rest_.find(separator_);
    part = rest_.substr(0, end);
    done_ = end == absl::string_view::npos;
    if (!done_) rest_.remove_prefix(end + 1);
    return true;
  }

 private:
  absl::string_view rest_;
  char separator_;
  bool done_ = false;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_TEXT_PARTS_H_
