// A decision in plain words.
#ifndef ASSENT_SERVER_EXPLAINED_TEXT_H_
#define ASSENT_SERVER_EXPLAINED_TEXT_H_

#include <string>

#include "assent/v1/assignment_service.pb.h"
#include "policy/decision.h"
#include "server/phrases.h"

namespace assent::server {

// Of an explanation that has everything else: the segment and what speaks for it, the smallest change where it was
// asked for, and what permitted it; or the rule that decided. Never empty.
std::string ExplainedText(const policy::Decision& decision, const v1::ExplainResponse& response,
                          const Phrases& phrases);

// Of an answer that has everything but its text.
std::string WhyNotText(const policy::Decision& decision, const v1::ExplainResponse& response, const v1::WhyNot& why_not,
                       policy::Rule rule, const Phrases& phrases);

}  // namespace assent::server

#endif  // ASSENT_SERVER_EXPLAINED_TEXT_H_
