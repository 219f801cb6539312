#include "storage/subject_links.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "policy/consent_state.h"
#include "policy/purpose.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentChangeKind;
using internal::v1::ConsentRecord;
using policy::SubjectKey;

// Marks the errors of CheckLink.
constexpr char kLinkPayload[] = "assent.storage/link";

std::string BytesOf(const SubjectKey& subject) {
  return {reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size()};
}

// None for bytes that are no pseudonym, which nothing of ours writes.
std::optional<SubjectKey> SubjectOf(const std::string& bytes) {
  SubjectKey subject;
  if (bytes.size() != subject.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(subject.bytes.data()));
  return subject;
}

absl::Status Refusal(absl::StatusCode code, absl::string_view what) {
  absl::Status status(code, what);
  status.SetPayload(kLinkPayload, absl::Cord());
  return status;
}

bool Lists(const ConsentRecord& person, const SubjectKey& linked) {
  const auto& all = person.links().linked();
  return std::binary_search(all.begin(), all.end(), BytesOf(linked));
}

}  // namespace

std::optional<SubjectKey> PersonOf(const ConsentRecord& record) { return SubjectOf(record.links().person()); }

std::vector<SubjectKey> LinkedTo(const ConsentRecord& record) {
  std::vector<SubjectKey> all;
  for (const std::string& bytes : record.links().linked()) {
    if (const auto subject = SubjectOf(bytes)) all.push_back(*subject);
  }
  return all;
}

int LinkCount(const ConsentRecord& record) {
  return record.links().linked_size() + (record.links().person().empty() ? 0 : 1);
}

bool Names(const ConsentRecord& record, const SubjectKey& subject) {
  return PersonOf(record) == subject || Lists(record, subject);
}

bool AreLinked(const LinkSide& person, const LinkSide& linked) {
  return Lists(person.record, linked.subject) && PersonOf(linked.record) == person.subject;
}

absl::Status CheckLink(const LinkSide& person, const LinkSide& linked) {
  constexpr auto kConflict = absl::StatusCode::kFailedPrecondition;
  if (person.subject == linked.subject) return Refusal(kConflict, "a subject is not linked to itself");
  if (PersonOf(person.record)) return Refusal(kConflict, "the person is linked to another person");
  if (!LinkedTo(linked.record).empty()) return Refusal(kConflict, "the linked one has others linked to it");
  if (const auto other = PersonOf(linked.record); other && *other != person.subject) {
    return Refusal(kConflict, "the linked one is linked to another person");
  }
  if (person.record.links().linked_size() < kLinksMax || Lists(person.record, linked.subject)) return absl::OkStatus();
  return Refusal(absl::StatusCode::kResourceExhausted, "the person has as many links as one can have");
}

bool IsLinkRefusal(const absl::Status& status) { return status.GetPayload(kLinkPayload).has_value(); }

void AddLink(const LinkSide& person, const LinkSide& linked) {
  linked.record.mutable_links()->set_person(BytesOf(person.subject));
  auto& all = *person.record.mutable_links()->mutable_linked();
  const std::string bytes = BytesOf(linked.subject);
  const auto place = std::lower_bound(all.begin(), all.end(), bytes);
  if (place != all.end() && *place == bytes) return;
  const auto index = static_cast<int>(place - all.begin());
  *all.Add() = bytes;
  std::rotate(all.begin() + index, all.end() - 1, all.end());
}

void RemoveLink(const SubjectKey& subject, uint64_t sequence, ConsentRecord& record) {
  if (!Names(record, subject)) return;
  internal::v1::SubjectLinks& links = *record.mutable_links();
  const std::string bytes = BytesOf(subject);
  if (links.person() == bytes) links.clear_person();
  auto& all = *links.mutable_linked();
  all.erase(std::remove(all.begin(), all.end(), bytes), all.end());
  links.set_removal_sequence(sequence);
}

Denials DenialsOf(const ConsentRecord& record) {
  Denials denials = {.restricted = record.restricted(), .child = record.child()};
  if (record.erased()) return {};
  for (const internal::v1::PurposeRecord& purpose : record.purposes()) {
    const auto known = policy::PurposeFromNumber(purpose.purpose());
    if (!known || purpose.status() != static_cast<int32_t>(policy::ConsentStatus::kOptedOut)) continue;
    denials.opted_out |= policy::PurposeBit(*known);
  }
  return denials;
}

Denials DenialsOf(const ConsentRequest& request) {
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_OPT_OUT:
      return {.opted_out = PurposesOf(request)};
    case internal::v1::CONSENT_CHANGE_KIND_GRANT:
      return {.opted_out = request.opted_out_bits};
    case internal::v1::CONSENT_CHANGE_KIND_RESTRICT:
      return {.restricted = true};
    case internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD:
      return {.child = true};
    default:
      return {};
  }
}

Denials DenialsOf(const ImportedRow& row) {
  Denials denials = {.restricted = row.restricted, .child = row.child};
  for (const ImportedPurpose& purpose : row.purposes) {
    if (purpose.status == policy::ConsentStatus::kOptedOut) denials.opted_out |= policy::PurposeBit(purpose.purpose);
  }
  return denials;
}

Denials Both(const Denials& a, const Denials& b) {
  return {
      .opted_out = a.opted_out & b.opted_out, .restricted = a.restricted && b.restricted, .child = a.child && b.child};
}

Denials Without(const Denials& denials, const Denials& known) {
  return {.opted_out = denials.opted_out & ~known.opted_out,
          .restricted = denials.restricted && !known.restricted,
          .child = denials.child && !known.child};
}

ConsentRequest Reaching(ConsentChangeKind kind, const SubjectKey& subject, const ConsentRequest& asked) {
  ConsentRequest request;
  request.subject = subject;
  request.kind = kind;
  request.recorded_by = asked.recorded_by;
  request.by_link = true;
  return request;
}

std::vector<ConsentRequest> RequestsFor(const Denials& denials, const SubjectKey& subject,
                                        const ConsentRequest& asked) {
  std::vector<ConsentRequest> requests;
  if (denials.opted_out != 0) {
    requests.push_back(Reaching(internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, subject, asked));
    requests.back().purpose_bits = denials.opted_out;
  }
  if (denials.restricted) {
    requests.push_back(Reaching(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, subject, asked));
  }
  if (denials.child) requests.push_back(Reaching(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, subject, asked));
  return requests;
}

}  // namespace assent::storage
