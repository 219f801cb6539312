#include "tests/scoring/profile_fixture.h"

#include <utility>
#include <variant>

namespace assent::scoring {
namespace {

std::vector<AttributeValue> ValuesOf(const ProfileLayout& layout, const std::vector<Given>& attributes) {
  std::vector<AttributeValue> values;
  for (const Given& given : attributes) {
    AttributeValue value{.attribute = layout.Attribute(given.attribute)};
    if (const auto* number = std::get_if<double>(&given.value)) value.number = *number;
    if (const auto* text = std::get_if<std::string>(&given.value)) {
      value.kind = ValueKind::kText;
      value.text_hash = HashText(*text);
    }
    if (const auto* flag = std::get_if<bool>(&given.value)) {
      value.kind = ValueKind::kFlag;
      value.number = *flag ? 1 : 0;
    }
    values.push_back(value);
  }
  return values;
}

}  // namespace

Aggregate Of(AggregateFunction function) {
  Aggregate aggregate{.function = function, .event_type = "purchase"};
  if (function != AggregateFunction::kCount && function != AggregateFunction::kDaysSinceLast) {
    aggregate.attribute = "price";
  }
  return aggregate;
}

FeatureSchema SchemaOfAggregates(std::vector<Aggregate> aggregates, std::vector<std::string> other_event_types) {
  std::vector<Feature> features(aggregates.size());
  for (size_t i = 0; i < aggregates.size(); ++i) {
    features[i].name = "f" + std::to_string(i);
    features[i].aggregate = std::move(aggregates[i]);
  }
  return FeatureSchema::Create(std::move(features),
                               {.profile_purpose = 4, .other_event_types = std::move(other_event_types)})
      .value();
}

Trial::Trial(std::vector<Aggregate> aggregates, std::vector<std::string> other_event_types)
    : Trial(SchemaOfAggregates(std::move(aggregates), std::move(other_event_types))) {}

Trial::Trial(FeatureSchema schema)
    : layout(ProfileLayout::Create(schema).value()),
      state(layout.state_bytes()),
      values(schema.scored_size()),
      missing(schema.scored_size()) {}

FoldResult Trial::Fold(absl::string_view id, int64_t time_us, const std::vector<Given>& attributes,
                       absl::string_view type) {
  const std::vector<AttributeValue> resolved = ValuesOf(layout, attributes);
  return layout.Fold({HashText(id), time_us, layout.EventType(type), resolved}, state);
}

absl::Status Trial::Check(absl::string_view id, int64_t time_us, const std::vector<Given>& attributes,
                          absl::string_view type) const {
  const std::vector<AttributeValue> resolved = ValuesOf(layout, attributes);
  return layout.Check({HashText(id), time_us, layout.EventType(type), resolved});
}

void Trial::Read(int64_t now_us) { layout.Read(state, now_us, values, missing); }

}  // namespace assent::scoring
