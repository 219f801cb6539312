// Pages of a list: what a request asks for, and where the next one begins.
#ifndef ASSENT_SERVER_PAGE_H_
#define ASSENT_SERVER_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::server {

inline constexpr int32_t kPageSizeMax = 1000;
inline constexpr int32_t kPageSizeDefault = 100;
// A page ends at the entry that reaches it, so that an answer stays below gRPC's usual limit of 4 MiB.
inline constexpr size_t kPageBytes = size_t{2} << 20;

struct Page {
  size_t size = kPageSizeDefault;
  uint64_t last = 0;  // the number of the last entry of the page before; 0: there is none
};

// Errors: VALUE_OUT_OF_RANGE ("page_size"), FIELD_INVALID ("page_token").
absl::StatusOr<Page> ReadPage(int32_t page_size, absl::string_view page_token);
// The token of the page that begins behind this entry.
std::string PageTokenOf(uint64_t last);

}  // namespace assent::server

#endif  // ASSENT_SERVER_PAGE_H_
