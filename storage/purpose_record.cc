#include "storage/purpose_record.h"

#include <algorithm>

#include "policy/consent_state.h"

namespace assent::storage {

using internal::v1::ConsentRecord;
using internal::v1::PurposeRecord;

const PurposeRecord* FindPurpose(const ConsentRecord& record, int number) {
  const auto found = std::find_if(record.purposes().begin(), record.purposes().end(),
                                  [&](const PurposeRecord& purpose) { return purpose.purpose() == number; });
  return found == record.purposes().end() ? nullptr : &*found;
}

bool IsGrant(const PurposeRecord& purpose) {
  return purpose.status() == static_cast<int32_t>(policy::ConsentStatus::kGranted);
}

bool HasEnded(uint32_t expire_time_s, int64_t now_us) {
  constexpr int64_t kSecondUs = 1'000'000;
  return expire_time_s != 0 && now_us / kSecondUs >= static_cast<int64_t>(expire_time_s);
}

bool InForce(const PurposeRecord& purpose, int64_t now_us) {
  return IsGrant(purpose) && !HasEnded(purpose.expire_time_s(), now_us);
}

int64_t GivenTimeUs(const PurposeRecord& purpose) {
  return purpose.given_time_us() != 0 ? purpose.given_time_us() : purpose.update_time_us();
}

uint64_t RunBegan(const ConsentRecord& record, int number, int64_t now_us) {
  const PurposeRecord* before = FindPurpose(record, number);
  return before != nullptr && InForce(*before, now_us) ? before->since_revision() : record.revision() + 1;
}

void SetPurpose(const PurposeRecord& purpose, ConsentRecord& record) {
  auto& all = *record.mutable_purposes();
  int place = 0;
  while (place < all.size() && all[place].purpose() < purpose.purpose()) ++place;
  if (place == all.size() || all[place].purpose() != purpose.purpose()) {
    all.Add();
    for (int i = all.size() - 1; i > place; --i) all.SwapElements(i, i - 1);
  }
  all[place] = purpose;
}

}  // namespace assent::storage
