#include "server/signal_reader.h"

#include <cstddef>
#include <optional>

namespace assent::server {

policy::SignalReading SignalReader::Read(const v1::PrivacySignals& signals) {
  policy::SignalReading reading;
  if (!signals.tcf().empty() || !signals.us_privacy().empty() || signals.gpp_sid_size() != 0) {
    reading = cache_.Read({.tcf = signals.tcf(),
                           .gpp = signals.gpp(),
                           .us_privacy = signals.us_privacy(),
                           .gpp_sid = {signals.gpp_sid().data(), static_cast<size_t>(signals.gpp_sid_size())},
                           .gdpr = signals.has_gdpr() ? std::optional(signals.gdpr()) : std::nullopt,
                           .gpc = signals.gpc(),
                           .known_child = signals.known_child()});
  } else {
    reading.gpc = signals.gpc();
    reading.known_child = signals.known_child();
    reading.gdpr_applies = signals.gdpr();
  }
  reading.regime = jurisdictions_.RegimeOf(signals.jurisdiction());
  return reading;
}

}  // namespace assent::server
