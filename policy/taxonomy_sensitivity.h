// Which rows of the IAB Audience Taxonomy 1.1 are delicate, and how delicate a segment that carries one should be.
//
// Source: IAB Tech Lab, Audience Taxonomy 1.1 (CC BY 3.0), 1,558 rows. The taxonomy itself marks no row as sensitive;
// the choice is a judgement and no legal advice, with GDPR article 9, the CPRA's sensitive personal information and the
// EU AI Act's article 5(1)(b) in mind. Only ids are kept here: the taxonomy is a file of the user's.
//
// Where the line is drawn:
// - Special category: what reveals or stands for health, religion, political opinion or ethnic origin.
// - Restricted: gender, marital status, children, income and wealth, and money trouble. None of these is a special
//   category of article 9, but each is used to leave people out or to press them.
// - War and Conflicts (532) stands under Politics in the taxonomy, and is news here. Who studies or works in medicine
//   (219, 312, 894) is not ill. Affluence (176-197) says what income (164-175) says, payday loans (1395) what debt
//   repair (1387) says, and parents of babies (354) what parents of older children (355-356) say: each goes with its
//   like.
#ifndef ASSENT_POLICY_TAXONOMY_SENSITIVITY_H_
#define ASSENT_POLICY_TAXONOMY_SENSITIVITY_H_

#include <cstdint>
#include <span>

#include "absl/strings/string_view.h"
#include "scoring/feature_schema.h"

namespace assent::policy {

// Rows first to last, both included. The taxonomy's ids have gaps, and a range may span some.
struct SensitiveRange {
  int32_t first = 0;
  int32_t last = 0;
  scoring::Sensitivity sensitivity = scoring::Sensitivity::kNone;  // suggested; never kNone
  absl::string_view topic;                                         // "health", for people
};

// Ascending and disjoint.
std::span<const SensitiveRange> SensitiveAudienceRanges();

// The range that holds the row, or null where none does; 0 ("no row") is in none. Threads: safe. Cost: a few
// comparisons, no allocation.
const SensitiveRange* FindSensitiveRange(int32_t iab_audience_id);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_TAXONOMY_SENSITIVITY_H_
