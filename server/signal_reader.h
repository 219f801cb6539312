// Privacy signals as a request has them, made into what the verdict needs.
#ifndef ASSENT_SERVER_SIGNAL_READER_H_
#define ASSENT_SERVER_SIGNAL_READER_H_

#include "assent/v1/signals.pb.h"
#include "policy/jurisdiction.h"
#include "policy/signal_cache.h"
#include "policy/signal_reading.h"

namespace assent::server {

// Threads: one a thread. Ownership: borrows the jurisdictions, and what the policy borrows.
class SignalReader {
 public:
  SignalReader(const policy::SignalPolicy& policy, const policy::Jurisdictions& jurisdictions)
      : cache_(policy), jurisdictions_(jurisdictions) {}

  // Precondition: ValidateSignals said yes. Cost: no allocation.
  policy::SignalReading Read(const v1::PrivacySignals& signals);

 private:
  policy::SignalCache cache_;
  const policy::Jurisdictions& jurisdictions_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SIGNAL_READER_H_
