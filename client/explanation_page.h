// An explanation as one page of HTML that needs nothing else: no script, no font, no picture, no network.
#ifndef ASSENT_CLIENT_EXPLANATION_PAGE_H_
#define ASSENT_CLIENT_EXPLANATION_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "client/explanation_text.h"

namespace assent::client {

// `language`: that of the request; its headings are English where there are no others. Everything that a model, a
// person or a caller named is escaped. Readable at 320 pixels of width, in the dark, and by a screen reader. Cost:
// allocates.
std::string ExplanationPage(const v1::ExplainResponse& response, const ShownFeatures& shown,
                            absl::string_view language);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_EXPLANATION_PAGE_H_
