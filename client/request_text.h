// Values of the contract as people read them.
#ifndef ASSENT_CLIENT_REQUEST_TEXT_H_
#define ASSENT_CLIENT_REQUEST_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "assent/v1/decision.pb.h"
#include "assent/v1/purpose.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace assent::client {

// "ASSIGNED", "NO_CONSENT", …: a value of an enum without its prefix.
std::string OutcomeText(v1::Outcome outcome);
std::string PurposeText(v1::Purpose purpose);
// "2026-05-01 10:00:00 UTC".
std::string UtcText(absl::Time time);
std::string UtcText(const google::protobuf::Timestamp& time);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REQUEST_TEXT_H_
