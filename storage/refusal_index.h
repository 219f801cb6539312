// The refusals of the few who have some, in memory, read without a lock.
#ifndef ASSENT_STORAGE_REFUSAL_INDEX_H_
#define ASSENT_STORAGE_REFUSAL_INDEX_H_

#include <cstddef>
#include <memory>

#include "policy/refusals.h"
#include "policy/subject.h"
#include "scoring/quiescence.h"

namespace assent::storage {

// Threads: Find from any online reader; Put from one writer at a time (the committer).
class RefusalIndex {
 public:
  explicit RefusalIndex(scoring::Quiescence& domain);
  ~RefusalIndex();  // no reader may be online
  RefusalIndex(const RefusalIndex&) = delete;
  RefusalIndex& operator=(const RefusalIndex&) = delete;

  // Null where there is none. Valid until the reader is next quiescent. Cost: one cache miss or two, no lock.
  const policy::Refusals* Find(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject) const;

  // Replaces what the subject refuses. Visible to every Find that starts after it returns.
  void Put(const policy::SubjectKey& subject, policy::Refusals refusals);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_REFUSAL_INDEX_H_
