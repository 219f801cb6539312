// What is missing from a model's cards, or does not fit together, before people are put into its segments.
#ifndef ASSENT_CLIENT_MODEL_LINT_H_
#define ASSENT_CLIENT_MODEL_LINT_H_

#include <string>
#include <vector>

#include "assent/internal/v1/model_file.pb.h"
#include "storage/taxonomy_file.h"

namespace assent::client {

enum class LintSeverity { kWarning, kError };

struct LintFinding {
  LintSeverity severity = LintSeverity::kError;
  std::string rule;     // a stable name, such as "segment.label_missing"
  std::string subject;  // the segment's id or the feature's name; empty for the model as a whole
  std::string field;    // where it stands in assent.internal.v1.ModelFile, such as "segments[2].label"
  std::string problem;
  std::string remedy;
};

// Errors first; each kind: the provenance, the segments, the features.
//
// Errors: a card without label, description, id_stability, allowed_purposes or sensitivity (the server reads a default
// in their place, but nobody has thought about it); a special category that allows advertising, which the server
// refuses whatever the card says; provenance without training rows, hash of the data or trainer.
// Warnings: an IAB id that policy/taxonomy_sensitivity.h holds for more delicate than its card; an id that is not in
// `taxonomy`, where there is one, or is negative; a label that another segment has; a feature that is delicate, does
// not say whether it is, or has no unit.
//
// `model` is one that storage::ModelFromMessage takes. Cost: linear in its features and segments.
std::vector<LintFinding> LintModel(const internal::v1::ModelFile& model, const storage::Taxonomy* taxonomy);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_MODEL_LINT_H_
