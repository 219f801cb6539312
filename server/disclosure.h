// What people are told of the processing, made from the running model and the configuration.
#ifndef ASSENT_SERVER_DISCLOSURE_H_
#define ASSENT_SERVER_DISCLOSURE_H_

#include "assent/v1/disclosure.pb.h"
#include "scoring/model.h"
#include "server/disclosure_settings.h"

namespace assent::server {

// `model`: null where none is running. Controller, system, purposes, logic, retention and rights are there in every
// case; what the configuration leaves out is said to be left out.
// Purposes are those of the configuration, those that the model's segments allow and that of its profiles; where that
// is none, the ones that every model may serve. A special category is never said to serve advertising. Threads: safe;
// pure. Cost: allocates, linear in features and segments.
v1::Disclosure BuildDisclosure(const scoring::Model* model, const DisclosureSettings& settings);

}  // namespace assent::server

#endif  // ASSENT_SERVER_DISCLOSURE_H_
