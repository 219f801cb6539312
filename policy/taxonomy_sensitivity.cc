#include "policy/taxonomy_sensitivity.h"

#include <algorithm>

namespace assent::policy {
namespace {

constexpr auto kRestricted = scoring::Sensitivity::kRestricted;
constexpr auto kSpecial = scoring::Sensitivity::kSpecialCategory;

constexpr SensitiveRange kSensitiveRanges[] = {
    {48, 52, kRestricted, "gender"},            // Demographic > Gender
    {60, 72, kRestricted, "income"},            // Demographic > Household Data > Household Income
    {125, 129, kRestricted, "children"},        // Demographic > Household Data > Number of Children
    {159, 162, kRestricted, "marital status"},  // Demographic > Marital Status
    {164, 175, kRestricted, "income"},          // Demographic > Personal Finance > Income
    {176, 197, kRestricted, "wealth"},          // Demographic > Personal Finance > Personal Level Affluence (and Band)
    {281, 281, kRestricted, "debt"},            // Interest > … > Business Banking & Finance > Bankruptcy
    {354, 356, kRestricted, "children"},        // Interest > … > Parenting > Babies and Toddlers, Aged 4-11, Teens
    {381, 404, kSpecial, "health"},             // Interest > Health and Medical Services
    {406, 421, kSpecial, "health"},             // Interest > Healthy Living
    {466, 466, kSpecial, "health"},             // Interest > Medical Health
    {503, 503, kSpecial, "religion"},           // Interest > Music and Audio > Religious
    {529, 531, kSpecial, "politics"},           // Interest > News and Politics > Politics, Elections, Political Issues
    {537, 537, kRestricted, "debt"},            // Interest > Personal Finance > Personal Debt
    {550, 551, kSpecial, "health"},             // Interest > Pharmaceuticals, Conditions, and Symptoms
    {627, 627, kSpecial, "health"},             // Interest > Sports > Disabled Sports
    {762, 762, kSpecial, "health"},             // Purchase Intent > Apps > Health and Fitness Apps
    {765, 765, kSpecial, "health"},             // Purchase Intent > Apps > Medical Apps
    {1095, 1099, kSpecial, "ethnic origin"},    // Purchase Intent > … > General Food > Ethnic
    {1344, 1344, kSpecial, "religion"},         // Purchase Intent > … > Non-edible > Religious Items
    {1387, 1387, kRestricted, "debt"},          // Purchase Intent > … > Credit and Debt Repair/Credit Reporting
    {1395, 1395, kRestricted, "debt"},          // Purchase Intent > … > Payday and Emergency Loans
    {1426, 1426, kSpecial, "ethnic origin"},    // Purchase Intent > … > Holiday and Ethnic Items
    {1448, 1470, kSpecial, "health"},           // Purchase Intent > Health and Medical Services
    {1555, 1555, kSpecial, "health"},           // Purchase Intent > Pharmaceuticals, Conditions, and Symptoms
};

constexpr bool IsAscendingAndDisjoint(std::span<const SensitiveRange> ranges) {
  int32_t end = 0;
  for (const SensitiveRange& range : ranges) {
    if (range.first <= end || range.last < range.first) return false;
    end = range.last;
  }
  return true;
}
static_assert(IsAscendingAndDisjoint(kSensitiveRanges));

}  // namespace

std::span<const SensitiveRange> SensitiveAudienceRanges() { return kSensitiveRanges; }

const SensitiveRange* FindSensitiveRange(int32_t iab_audience_id) {
  const auto* range = std::lower_bound(std::begin(kSensitiveRanges), std::end(kSensitiveRanges), iab_audience_id,
                                       [](const SensitiveRange& candidate, int32_t id) { return candidate.last < id; });
  return range != std::end(kSensitiveRanges) && range->first <= iab_audience_id ? range : nullptr;
}

}  // namespace assent::policy
