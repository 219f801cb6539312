// What an explanation says beside the comparison of two segments: the smallest change, why not another segment, what
// permitted it, where the values come from, and all of it in words.
#ifndef ASSENT_SERVER_EXPLAINED_DETAILS_H_
#define ASSENT_SERVER_EXPLAINED_DETAILS_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assent/v1/assignment_service.pb.h"
#include "policy/consent_state.h"
#include "policy/decision.h"
#include "server/phrases.h"
#include "server/serving_model.h"
#include "storage/notice_store.h"

namespace assent::server {

// What the caller wants to know. Ownership: borrows the request.
struct ExplanationQuestion {
  const Phrases* phrases = &kEnglish;
  bool smallest_change = false;
  absl::string_view why_not;  // a segment id; empty: nobody asks
};

// Errors: FIELD_INVALID (a language that there is no catalogue of), FIELD_TOO_LONG.
absl::StatusOr<ExplanationQuestion> ReadQuestion(const v1::ExplainRequest& request);

// What is known of a decision beside itself. Ownership: borrows all.
struct ExplainedSources {
  const ServingModel* serving = nullptr;          // null: no model was read
  std::span<const uint8_t> missing;               // [dim]
  std::span<const uint8_t> profile = {};          // the state that aggregates were read from; empty: none
  policy::ConsentState consent = {};              // of the subject, now
  const storage::NoticeStore* notices = nullptr;  // null: notices are not named
};

// Adds the details to what FillExplainResponse has filled. Errors: FIELD_INVALID of "why_not", where the model has no
// such segment. Cost: allocates; SmallestChange's where it is asked for.
absl::Status FillExplanationDetails(const policy::Decision& decision, const ExplainedSources& sources,
                                    const ExplanationQuestion& question, v1::ExplainResponse& response);

}  // namespace assent::server

#endif  // ASSENT_SERVER_EXPLAINED_DETAILS_H_
