// The state of one purpose inside a consent record: found, judged, replaced. Pure.
#ifndef ASSENT_STORAGE_PURPOSE_RECORD_H_
#define ASSENT_STORAGE_PURPOSE_RECORD_H_

#include <cstdint>

#include "assent/internal/v1/consent_record.pb.h"

namespace assent::storage {

// Null where nothing is recorded for the purpose. `number`: of policy::Purpose.
const internal::v1::PurposeRecord* FindPurpose(const internal::v1::ConsentRecord& record, int number);

bool IsGrant(const internal::v1::PurposeRecord& purpose);
// Whether it is a grant that has not ended: then another grant continues its run.
bool InForce(const internal::v1::PurposeRecord& purpose, int64_t now_us);
// Whether an end, in whole seconds since 1970, has come; 0 never comes.
bool HasEnded(uint32_t expire_time_s, int64_t now_us);
// When the person acted: as an import said, else when it was recorded.
int64_t GivenTimeUs(const internal::v1::PurposeRecord& purpose);

// The revision with which the run of grants began that a grant of now, as the next revision, belongs to.
uint64_t RunBegan(const internal::v1::ConsentRecord& record, int number, int64_t now_us);

// Replaces the state of one purpose, or adds it in its place: purposes stay in ascending order.
void SetPurpose(const internal::v1::PurposeRecord& purpose, internal::v1::ConsentRecord& record);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PURPOSE_RECORD_H_
