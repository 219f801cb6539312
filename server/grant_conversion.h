// What RecordConsent asks for, with every check on the way in.
#ifndef ASSENT_SERVER_GRANT_CONVERSION_H_
#define ASSENT_SERVER_GRANT_CONVERSION_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/v1/consent_service.pb.h"
#include "policy/jurisdiction.h"
#include "policy/signal_reading.h"
#include "server/configuration.h"
#include "storage/consent_request.h"

namespace assent::server {

// The store's request, without `subject` and `recorded_by`, which the service fills in, and without what BindNotice
// adds. Errors: those of MakeError, with the field and the limit.
absl::StatusOr<storage::ConsentRequest> ReadGrant(const v1::RecordConsentRequest& request, const RequestLimits& limits,
                                                  const policy::SignalPolicy& signals,
                                                  const policy::Jurisdictions& jurisdictions, absl::Time now);

}  // namespace assent::server

#endif  // ASSENT_SERVER_GRANT_CONVERSION_H_
