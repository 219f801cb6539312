#include "server/stored_signals.h"

#include <openssl/sha.h>

#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "assent/v1/consent_service.pb.h"
#include "policy/consent_verdict.h"
#include "policy/gpp.h"
#include "policy/us_privacy.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using policy::Purpose;

// What the signals in force say, as sets of policy::PurposeBit.
struct Answers {
  bool tcf_in_force = false;
  uint32_t permitted = policy::kAllPurposeBits;  // by every TCF string in force
  uint32_t consented = policy::kAllPurposeBits;  // of those: by consent
  uint32_t opted_out = 0;
  uint32_t denied_otherwise = 0;  // for want of a notice, say: nobody's opt-out
  uint32_t vendor_list_version = 0;
  v1::CollectionMethod method = v1::COLLECTION_METHOD_UNSPECIFIED;
  absl::string_view origin;  // the signal that the method names
};

// The first that is in force is the one that the record names.
void Name(v1::CollectionMethod method, absl::string_view origin, Answers& answers) {
  if (answers.method != v1::COLLECTION_METHOD_UNSPECIFIED) return;
  answers.method = method;
  answers.origin = origin;
}

absl::Status ReadTcfString(const v1::PrivacySignals& signals, const policy::SignalPolicy& policy, Answers& answers) {
  const bool in_force = signals.has_gdpr() ? signals.gdpr() : policy.gdpr_when_unknown;
  if (signals.tcf().empty() || !in_force) return absl::OkStatus();
  const policy::TcfReading reading = policy::ReadTcf(signals.tcf(), policy.tcf);
  if (!reading.valid) {
    return MakeError(Reason::kFieldInvalid, "signals.tcf", "is malformed, or made against the rules of its day");
  }
  answers.tcf_in_force = true;
  answers.permitted &= policy::PurposesOfTcf(reading.permitted);
  answers.consented &= policy::PurposesOfTcf(reading.consented);
  answers.vendor_list_version = reading.vendor_list_version;
  Name(v1::COLLECTION_METHOD_TCF, signals.tcf(), answers);
  return absl::OkStatus();
}

absl::Status ReadGppString(const v1::PrivacySignals& signals, const policy::SignalPolicy& policy, Answers& answers) {
  const std::span<const int32_t> sections(signals.gpp_sid().data(), static_cast<size_t>(signals.gpp_sid_size()));
  const policy::GppReading reading = policy::ReadGpp(signals.gpp(), sections, policy.tcf);
  if (!reading.valid) {
    return MakeError(Reason::kFieldInvalid, "signals.gpp", "is malformed, or has not the sections of signals.gpp_sid");
  }
  answers.opted_out |= reading.opted_out;
  answers.denied_otherwise |= reading.denied & ~reading.opted_out;
  if (reading.tcf_in_force) {
    answers.tcf_in_force = true;
    answers.permitted &= policy::PurposesOfTcf(reading.tcf_permitted);
    answers.consented &= policy::PurposesOfTcf(reading.tcf_consented);
  }
  if (reading.tcf_in_force || reading.denied != 0) Name(v1::COLLECTION_METHOD_GPP, signals.gpp(), answers);
  return absl::OkStatus();
}

absl::Status ReadUsPrivacyString(const v1::PrivacySignals& signals, Answers& answers) {
  if (signals.us_privacy().empty()) return absl::OkStatus();
  const policy::UsReading reading = policy::ReadUsPrivacy(signals.us_privacy());
  if (!reading.valid) return MakeError(Reason::kFieldInvalid, "signals.us_privacy", "is malformed");
  answers.opted_out |= reading.denied;
  if (reading.denied != 0) Name(v1::COLLECTION_METHOD_US_PRIVACY, signals.us_privacy(), answers);
  return absl::OkStatus();
}

void ReadGpc(const v1::PrivacySignals& signals, policy::Regime regime, Answers& answers) {
  if (!signals.gpc()) return;
  answers.opted_out |= policy::DeniedByGpc(regime);
  Name(v1::COLLECTION_METHOD_GPC, "1", answers);  // the value of the header Sec-GPC
}

std::string Sha256(absl::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

void Fill(const Answers& answers, storage::ConsentRequest& out) {
  out.opted_out_bits = answers.opted_out;
  out.withdrawn_bits = answers.denied_otherwise;
  if (answers.tcf_in_force) out.withdrawn_bits |= policy::kAllPurposeBits & ~answers.permitted;
  out.withdrawn_bits &= ~answers.opted_out;
  if (answers.tcf_in_force) {
    const uint32_t granted = answers.permitted & ~out.opted_out_bits & ~out.withdrawn_bits;
    for (int number = 1; number <= policy::kPurposeCount; ++number) {
      const auto purpose = static_cast<Purpose>(number);
      if ((granted & policy::PurposeBit(purpose)) == 0) continue;
      const bool by_consent = (answers.consented & policy::PurposeBit(purpose)) != 0;
      out.grants.push_back({.purpose = purpose,
                            .legal_basis = by_consent ? v1::LEGAL_BASIS_CONSENT : v1::LEGAL_BASIS_LEGITIMATE_INTEREST});
    }
  }
  out.terms.method = answers.method;
  out.terms.signal_sha256 = Sha256(answers.origin);
  out.terms.vendor_list_version = answers.vendor_list_version;
}

}  // namespace

absl::Status ReadStoredSignals(const v1::PrivacySignals& signals, const policy::SignalPolicy& policy,
                               policy::Regime regime, storage::ConsentRequest& out) {
  absl::Status status = ValidateSignals("signals", signals);
  if (status.ok() && signals.known_child()) {
    status = MakeError(Reason::kFieldInvalid, "signals.known_child", "is not stored with consent; call MarkChild");
  }
  Answers answers;
  if (status.ok()) status = ReadTcfString(signals, policy, answers);
  if (status.ok()) status = ReadGppString(signals, policy, answers);
  if (status.ok()) status = ReadUsPrivacyString(signals, answers);
  if (!status.ok()) return status;
  ReadGpc(signals, regime, answers);
  if (answers.method == v1::COLLECTION_METHOD_UNSPECIFIED) {
    return MakeError(Reason::kFieldRequired, "signals", "say nothing that is in force of any purpose");
  }
  Fill(answers, out);
  out.terms.jurisdiction = signals.jurisdiction();
  return absl::OkStatus();
}

}  // namespace assent::server
