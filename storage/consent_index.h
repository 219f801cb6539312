// The consent of everyone, in memory, read without a lock: open addressing, 24 bytes a slot.
#ifndef ASSENT_STORAGE_CONSENT_INDEX_H_
#define ASSENT_STORAGE_CONSENT_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "policy/consent_state.h"
#include "policy/subject.h"
#include "scoring/quiescence.h"

namespace assent::storage {

// Threads: Find and FindBatch from any online reader; Put and Close from one writer at a time (the committer).
// Memory: at most 48 bytes a subject on average while it grows.
class ConsentIndex {
 public:
  explicit ConsentIndex(scoring::Quiescence& domain);
  ~ConsentIndex();
  ConsentIndex(const ConsentIndex&) = delete;
  ConsentIndex& operator=(const ConsentIndex&) = delete;

  // The subject's state; the default value where nothing is known. A state is one that was put, or one with purposes
  // closed on the way to the next: never a mixture that permits what neither permits. (A reader that keeps meeting a
  // change under way may report the neighbouring revision, and the earliest end for every granted purpose.)
  // What is kept of granted purposes only comes back with 0 for the others. `outdated` is found from the notices.
  // Cost: one cache miss as a rule; no lock, no allocation, never waits for the writer.
  policy::ConsentState Find(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject) const;
  // The same for many, with the misses overlapped. Shape: both spans have the same length.
  void FindBatch(const scoring::Quiescence::Reader& reader, std::span<const policy::SubjectKey> subjects,
                 std::span<policy::ConsentState> states) const;

  // Replaces the state of a subject. Visible to every Find that starts after it returns.
  void Put(const policy::SubjectKey& subject, const policy::ConsentState& state);
  // Sets the purposes of `purpose_bits` (see policy::PurposeBit) to kClosed until the next Put. Visible to every Find
  // that starts after it returns. Returns the purposes that were closed before; with no bit it changes nothing.
  uint32_t Close(const policy::SubjectKey& subject, uint32_t purpose_bits);

  // The purposes that are closed, as policy::PurposeBit; nothing where the subject was never put or closed. For the
  // writer.
  std::optional<uint32_t> FindClosed(const policy::SubjectKey& subject) const;

  // From now on every grant under this notice's version is outdated. `notice`: its ordinal. Cannot be taken back.
  // Visible to every Find that starts after it returns. Cost: one store.
  void Outdate(uint16_t notice);

  // From CloseGates to OpenGates every state says gates_closed, that of a subject without a record too. Visible to
  // every Find that starts after it returns. Cost: one store. Threads: the writer's.
  void CloseGates();
  void OpenGates();
  bool gates_closed() const;  // any thread

  size_t size() const;          // subjects
  size_t memory_bytes() const;  // of the tables

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_INDEX_H_
