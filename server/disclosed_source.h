// Where a feature's value comes from, as a sentence.
#ifndef ASSENT_SERVER_DISCLOSED_SOURCE_H_
#define ASSENT_SERVER_DISCLOSED_SOURCE_H_

#include <string>

#include "scoring/feature_schema.h"
#include "server/phrases.h"

namespace assent::server {

// "How many events of type "purchase" there were; an event counts half after 30 days." Names every attribute that is
// read. Threads: safe; pure. Cost: allocates.
std::string SourceSentence(const scoring::Feature& feature, const Phrases& phrases);

}  // namespace assent::server

#endif  // ASSENT_SERVER_DISCLOSED_SOURCE_H_
