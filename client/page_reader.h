// A list that a server answers in pages, as one.
#ifndef ASSENT_CLIENT_PAGE_READER_H_
#define ASSENT_CLIENT_PAGE_READER_H_

#include <utility>

namespace assent::client {

// Asks for page after page until there is none, and joins them: absl::StatusOr of the response, without a page token.
// `call`: request -> absl::StatusOr<response>. Errors: those of a call; what was read before is lost.
template <typename Request, typename Call>
auto ReadPages(Request request, Call call) -> decltype(call(request)) {
  auto all = call(request);
  while (all.ok() && !all->next_page_token().empty()) {
    request.set_page_token(all->next_page_token());
    all->clear_next_page_token();
    auto page = call(request);
    if (!page.ok()) return page.status();
    all->MergeFrom(*page);
  }
  return all;
}

}  // namespace assent::client

#endif  // ASSENT_CLIENT_PAGE_READER_H_
