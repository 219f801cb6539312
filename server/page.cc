#include "server/page.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

// Tells a token from a number that somebody made up.
constexpr absl::string_view kTokenPrefix = "p";

}  // namespace

absl::StatusOr<Page> ReadPage(int32_t page_size, absl::string_view page_token) {
  Page page;
  if (page_size < 0 || page_size > kPageSizeMax) {
    return MakeLimitError(Reason::kValueOutOfRange, "page_size", "must be from 0 to", kPageSizeMax);
  }
  if (page_size != 0) page.size = static_cast<size_t>(page_size);
  if (page_token.empty()) return page;
  const bool has_prefix = page_token.substr(0, kTokenPrefix.size()) == kTokenPrefix;
  if (!has_prefix || !absl::SimpleAtoi(page_token.substr(kTokenPrefix.size()), &page.last) || page.last == 0) {
    return MakeError(Reason::kFieldInvalid, "page_token", "must be a next_page_token, unchanged");
  }
  return page;
}

std::string PageTokenOf(uint64_t last) { return absl::StrCat(kTokenPrefix, last); }

}  // namespace assent::server
