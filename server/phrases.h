// The texts of one language: every sentence that people are told about a decision. A file for each language.
#ifndef ASSENT_SERVER_PHRASES_H_
#define ASSENT_SERVER_PHRASES_H_

#include <array>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/outcome.h"
#include "scoring/aggregate.h"

namespace assent::server {

// Texts are sentences, or parts of one, with $0, $1, … for what is put in; they speak to the person. None is empty.
struct Phrases {
  absl::string_view tag;  // BCP 47, such as "en"
  char decimal_point;
  absl::string_view final_and;  // between the last two of a list

  // What a rule says to the person, as a sentence. kNone: that no rule denies.
  absl::string_view (*rule)(policy::Rule rule);

  // The same of a segment that was asked for and is not the nearest, for the rules that deny segments.
  absl::string_view (*asked_segment)(policy::Rule rule);

  // Segments: $0 is a label.
  absl::string_view in_segment;
  absl::string_view nearest_two;     // $0 and $1, where the model is not sure
  absl::string_view not_in_segment;  // $0: whoever asks why not
  absl::string_view already_in;      // $0: whoever asks why not, and is in it
  absl::string_view fits_better;     // $0 fits better than $1, mostly because $2
  absl::string_view only_nearer;     // $0 is nearer than $1, by features that were missing
  absl::string_view hidden_segment;  // instead of a label that the purpose may not know

  // Why: $0 is a list of features.
  absl::string_view mostly_because;
  absl::string_view feature_is;  // $0 is $1 (typical: $2)
  absl::string_view nothing_stands_out;
  absl::string_view would_leave;      // $0: a list of feature_were
  absl::string_view feature_were;     // $0 were $1 instead of $2
  absl::string_view others_a_little;  // $0: how many features more would change, less than those that are named
  absl::string_view cannot_leave;

  // Of what a person sees, where no decision could be made.
  absl::string_view no_model;
  absl::string_view decided_anew;  // what calls bring is not kept

  // What permitted it.
  absl::string_view by_grant;            // of a purpose
  absl::string_view by_grant_of_notice;  // $0: the notice, $1: its version
  absl::string_view by_tcf;
  absl::string_view by_default;  // in an opt-out place

  // Where a value comes from. $0: the events, $1: the attribute.
  absl::string_view given_directly;
  absl::string_view all_events;
  absl::string_view events_of_type;  // $0: the type
  absl::string_view chosen_by;       // $0: events, $1: attributes
  std::array<absl::string_view, scoring::kAggregateFunctionCount> computed;
  absl::string_view as_share_of;  // $0: computed, $1: the divisor
  absl::string_view divided_by;   // $0: computed, $1: the divisor
  absl::string_view decays;       // $0: what it was so far, $1: days
};

extern const Phrases kEnglish;
extern const Phrases kGerman;

// The texts of a language tag that a request has in its field `language`: "de" and "de-AT" are German; empty is
// English. Errors: FIELD_TOO_LONG, FIELD_INVALID (there is no catalogue of that language). Threads: safe.
absl::StatusOr<const Phrases*> PhrasesFor(absl::string_view tag);

}  // namespace assent::server

#endif  // ASSENT_SERVER_PHRASES_H_
