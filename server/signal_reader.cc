#include "server/signal_reader.h"

#include "policy/purpose.h"

namespace assent::server {

policy::SignalReading SignalReader::Read(const v1::PrivacySignals& signals) {
  policy::SignalReading reading;
  reading.gpc = signals.gpc();
  reading.known_child = signals.known_child();
  reading.gdpr_applies = signals.gdpr();
  reading.regime = jurisdictions_.RegimeOf(signals.jurisdiction());
  if (!signals.tcf().empty()) reading.tcf_denies = policy::kAllPurposeBits;
  if (signals.gpp_sid_size() != 0) reading.gpp_denies = policy::kAllPurposeBits;
  if (!signals.us_privacy().empty()) reading.us_privacy_denies = policy::kAllPurposeBits;
  return reading;
}

}  // namespace assent::server
