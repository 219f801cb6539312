// Privacy signals that are stored: what they permit becomes grants, what they deny becomes denials.
#ifndef ASSENT_SERVER_STORED_SIGNALS_H_
#define ASSENT_SERVER_STORED_SIGNALS_H_

#include "absl/status/status.h"
#include "assent/v1/signals.pb.h"
#include "policy/jurisdiction.h"
#include "policy/signal_reading.h"
#include "storage/consent_request.h"

namespace assent::server {

// Puts grants, denials, method, jurisdiction, the signal's SHA-256 and the version of the vendor list into `out`. An
// objection goes before a permission. Errors: those of ValidateSignals, FIELD_INVALID for a string in force that is
// malformed and for a known child, FIELD_REQUIRED where nothing is in force.
// `regime`: of the place where the person is. Global Privacy Control objects to advertising where the rule is to opt
// out, and to everything elsewhere, as in the verdict.
absl::Status ReadStoredSignals(const v1::PrivacySignals& signals, const policy::SignalPolicy& policy,
                               policy::Regime regime, storage::ConsentRequest& out);

}  // namespace assent::server

#endif  // ASSENT_SERVER_STORED_SIGNALS_H_
