#include "server/signal_reader.h"

#include <cstddef>
#include <optional>

namespace assent::server {

policy::SignalReading SignalReader::Read(const v1::PrivacySignals& signals) {
  policy::SignalReading reading =
      cache_.Read({.tcf = signals.tcf(),
                   .gpp = signals.gpp(),
                   .us_privacy = signals.us_privacy(),
                   .gpp_sid = {signals.gpp_sid().data(), static_cast<size_t>(signals.gpp_sid_size())},
                   .gdpr = signals.has_gdpr() ? std::optional(signals.gdpr()) : std::nullopt,
                   .gpc = signals.gpc(),
                   .known_child = signals.known_child()});
  reading.regime = jurisdictions_.RegimeOf(signals.jurisdiction());
  return reading;
}

}  // namespace assent::server
