// What of a change reaches who is linked. docs/adr/0011-links.md says why.
#include <utility>

#include "storage/commit_staging.h"
#include "storage/consent_change.h"
#include "storage/consent_commit.h"

namespace assent::storage {

using policy::SubjectKey;

absl::Status ConsentCommitter::ReadAll(std::span<const SubjectKey> subjects, CommitStaging& staging) {
  for (const SubjectKey& subject : subjects) {
    const absl::Status& readable = TouchAndRead(subject, staging).readable;
    if (absl::IsUnavailable(readable)) return readable;
  }
  return absl::OkStatus();
}

bool ConsentCommitter::Belongs(const SubjectKey& subject, const SubjectKey& person, const TouchedSubject& touched) {
  if (!touched.readable.ok()) return true;  // nobody knows: a denial does no harm
  if (touched.record.erased()) return false;
  return subject == person || PersonOf(touched.record).value_or(person) == person;
}

absl::StatusOr<ConsentCommitter::Star> ConsentCommitter::StarOf(const SubjectKey& subject,
                                                                const TouchedSubject& touched, CommitStaging& staging) {
  Star star = {.person = PersonOf(touched.record).value_or(subject), .others = {}};
  if (star.person == subject) {
    star.others = LinkedTo(touched.record);
  } else {
    star.others = LinkedTo(TouchAndRead(star.person, staging).record);
    std::erase(star.others, subject);
    star.others.push_back(star.person);
  }
  absl::Status read = ReadAll(star.others, staging);
  if (!read.ok()) return read;
  return star;
}

absl::Status ConsentCommitter::Spread(const Denials& denials, const Star& star, const ConsentRequest& asked,
                                      absl::Time now, CommitStaging& staging) {
  for (const SubjectKey& subject : star.others) {
    TouchedSubject& touched = TouchAndRead(subject, staging);
    if (!Belongs(subject, star.person, touched)) continue;
    // Also where it is denied already: a grant that meets it in this write must not hold.
    for (const ConsentRequest& whole : RequestsFor(denials, subject, asked)) staging.denied[subject] |= ClosedBy(whole);
    const Denials missing = touched.readable.ok() ? Without(denials, DenialsOf(touched.record)) : denials;
    for (ConsentRequest& request : RequestsFor(missing, subject, asked)) {
      Touch(subject, ClosedBy(request), staging);
      absl::Status status = touched.readable.ok() ? absl::OkStatus() : ReplaceUnreadable(request, now, touched);
      if (status.ok()) status = Record(request, now, touched, staging);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status ConsentCommitter::SpreadDenials(std::span<const DenialOfLinked> all, const std::string& recorded_by,
                                             absl::Time now) {
  for (const auto& [subject, denials] : all) {
    const uint64_t before = applied_.load(std::memory_order_relaxed);
    CommitStaging staging;
    staging.StartBatch(before);
    chain_.Begin();
    const TouchedSubject& touched = TouchAndRead(subject, staging);
    if (!touched.readable.ok()) continue;
    ConsentRequest asked;
    asked.subject = subject;
    asked.recorded_by = recorded_by;
    const auto star = StarOf(subject, touched, staging);
    if (!star.ok()) return star.status();
    absl::Status status = Spread(denials, *star, asked, now, staging);
    if (status.ok() && staging.sequence != before) status = Write(staging);
    if (!status.ok()) return status;
    Publish(staging);
  }
  return absl::OkStatus();
}

absl::Status ConsentCommitter::StageErasure(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                                            CommitStaging& staging) {
  const std::vector<SubjectKey> linked = LinkedTo(touched.record);
  const auto person = PersonOf(touched.record);
  absl::Status status = ReadAll(linked, staging);
  if (status.ok() && person) status = ReadAll({&*person, 1}, staging);
  if (status.ok()) status = Record(request, now, touched, staging);
  if (!status.ok()) return status;
  for (const SubjectKey& subject : linked) {
    TouchedSubject& other = TouchAndRead(subject, staging);
    if (!Belongs(subject, request.subject, other)) continue;
    ConsentRequest erasure = Reaching(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject, request);
    Touch(subject, ClosedBy(erasure), staging);
    if (!other.readable.ok()) status = ReplaceUnreadable(erasure, now, other);
    if (status.ok()) status = Record(erasure, now, other, staging);
    if (!status.ok()) return status;
  }
  if (!person) return absl::OkStatus();
  TouchedSubject& other = TouchAndRead(*person, staging);
  if (!other.readable.ok() || !Names(other.record, request.subject)) return absl::OkStatus();
  RemoveLink(request.subject, staging.sequence + 1, other.record);
  return Record(Reaching(internal::v1::CONSENT_CHANGE_KIND_UNLINK, *person, request), now, other, staging);
}

absl::Status ConsentCommitter::StageLink(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                                         CommitStaging& staging) {
  const SubjectKey& subject = *request.linked;
  TouchedSubject& other = TouchAndRead(subject, staging);
  if (!other.readable.ok()) return other.readable;
  const LinkSide person = {request.subject, touched.record};
  const LinkSide linked = {subject, other.record};
  if (AreLinked(person, linked)) return absl::OkStatus();
  absl::Status status = CheckChange(request, other.record);
  if (status.ok()) status = CheckLink(person, linked);
  // What each of them brings to the others, before either has it from the other.
  const Denials to_person = Without(DenialsOf(other.record), DenialsOf(touched.record));
  const Denials to_linked = Without(DenialsOf(touched.record), DenialsOf(other.record));
  Star star = {.person = request.subject, .others = LinkedTo(touched.record)};
  std::erase(star.others, subject);
  if (status.ok()) status = ReadAll(star.others, staging);
  if (!status.ok()) return status;
  star.others.push_back(request.subject);

  AddLink(person, linked);
  status = Record(request, now, touched, staging);
  const ConsentRequest other_side = Reaching(internal::v1::CONSENT_CHANGE_KIND_LINK, subject, request);
  if (status.ok()) status = Record(other_side, now, other, staging);
  if (status.ok()) status = Spread(to_person, star, request, now, staging);
  if (status.ok()) status = Spread(to_linked, {.person = request.subject, .others = {subject}}, request, now, staging);
  return status;
}

absl::Status ConsentCommitter::StageUnlink(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                                           CommitStaging& staging) {
  std::vector<SubjectKey> others;
  if (request.linked) {
    others = {*request.linked};
  } else {
    others = LinkedTo(touched.record);
    if (const auto person = PersonOf(touched.record)) others.push_back(*person);
  }
  absl::Status status = ReadAll(others, staging);
  if (!status.ok()) return status;
  bool ended = false;
  for (const SubjectKey& subject : others) {
    TouchedSubject& other = TouchAndRead(subject, staging);
    ended |= Names(touched.record, subject) || Names(other.record, request.subject);
    RemoveLink(subject, staging.sequence + 1, touched.record);
    if (!Names(other.record, request.subject)) continue;  // of a record that cannot be read, too
    RemoveLink(request.subject, staging.sequence + 1, other.record);
    status = Record(Reaching(internal::v1::CONSENT_CHANGE_KIND_UNLINK, subject, request), now, other, staging);
    if (!status.ok()) return status;
  }
  return ended ? Record(request, now, touched, staging) : absl::OkStatus();
}

}  // namespace assent::storage
