#include "policy/signal_reading.h"

#include "policy/gpp.h"
#include "policy/us_privacy.h"

namespace assent::policy {
namespace {

struct TcfCounterpart {
  int tcf_purpose;
  Purpose purpose;
};
constexpr TcfCounterpart kTcfCounterparts[] = {
    {3, Purpose::kProfileAdvertising}, {4, Purpose::kSelectAdvertising}, {5, Purpose::kProfileContent},
    {6, Purpose::kSelectContent},      {9, Purpose::kMeasureAudience},   {10, Purpose::kImproveService},
};

// Two strings in force permit what both permit.
void AddTcf(bool valid, uint32_t tcf_purposes, bool& first, SignalReading& reading) {
  const uint32_t permits = valid ? PurposesOfTcf(tcf_purposes) : 0;
  reading.tcf_permits = first ? permits : reading.tcf_permits & permits;
  reading.tcf_denies |= kAllPurposeBits & ~permits;
  first = false;
}

}  // namespace

uint32_t PurposesOfTcf(uint32_t tcf_purposes) {
  uint32_t purposes = 0;
  for (const TcfCounterpart& counterpart : kTcfCounterparts) {
    if ((tcf_purposes & TcfPurposeBit(counterpart.tcf_purpose)) != 0) purposes |= PurposeBit(counterpart.purpose);
  }
  return purposes;
}

SignalReading ReadSignals(const RawSignals& raw, const SignalPolicy& policy) {
  SignalReading reading;
  reading.gpc = raw.gpc;
  reading.known_child = raw.known_child;
  reading.gdpr_applies = raw.gdpr.value_or(false);
  bool first = true;
  if (!raw.tcf.empty() && raw.gdpr.value_or(policy.gdpr_when_unknown)) {
    const TcfReading tcf = ReadTcf(raw.tcf, policy.tcf);
    AddTcf(tcf.valid, tcf.permitted, first, reading);
  }
  const GppReading gpp = ReadGpp(raw.gpp, raw.gpp_sid, policy.tcf);
  reading.gpp_denies = gpp.denied;
  reading.gpp_opts_out = gpp.opted_out;
  if (gpp.valid && gpp.tcf_in_force) AddTcf(true, gpp.tcf_permitted, first, reading);
  if (!raw.us_privacy.empty()) {
    const UsReading us = ReadUsPrivacy(raw.us_privacy);
    reading.us_privacy_denies = us.denied;
    reading.us_privacy_opts_out = us.opted_out;
  }
  return reading;
}

}  // namespace assent::policy
