// Values of the contract's enums as people read them.
#ifndef ASSENT_CLIENT_REQUEST_TEXT_H_
#define ASSENT_CLIENT_REQUEST_TEXT_H_

#include <string>

#include "assent/v1/decision.pb.h"
#include "assent/v1/purpose.pb.h"

namespace assent::client {

// "ASSIGNED", "NO_CONSENT", …: a value of an enum without its prefix.
std::string OutcomeText(v1::Outcome outcome);
std::string PurposeText(v1::Purpose purpose);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REQUEST_TEXT_H_
