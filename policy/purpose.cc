#include "policy/purpose.h"

namespace assent::policy {

absl::string_view PurposeName(Purpose purpose) {
  switch (purpose) {
    case Purpose::kSelectAdvertising:
      return "select_advertising";
    case Purpose::kSelectContent:
      return "select_content";
    case Purpose::kProfileAdvertising:
      return "profile_advertising";
    case Purpose::kProfileContent:
      return "profile_content";
    case Purpose::kMeasureAudience:
      return "measure_audience";
    case Purpose::kImproveService:
      return "improve_service";
    case Purpose::kUnspecified:
      break;
  }
  return "unspecified";
}

std::optional<Purpose> PurposeFromName(absl::string_view name) {
  for (int number = 1; number <= kPurposeCount; ++number) {
    const Purpose purpose = static_cast<Purpose>(number);
    if (PurposeName(purpose) == name) return purpose;
  }
  return std::nullopt;
}

}  // namespace assent::policy
