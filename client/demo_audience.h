// A made-up audience of a streaming-media service, with segments planted in it.
#ifndef ASSENT_CLIENT_DEMO_AUDIENCE_H_
#define ASSENT_CLIENT_DEMO_AUDIENCE_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assent/internal/v1/model_file.pb.h"

namespace assent::client {

inline constexpr size_t kDemoFeatures = 12;
inline constexpr uint64_t kDemoPeopleMax = 10'000'000;

enum class DemoChoice { kNone, kGrant, kOptOut };

// A person and a month of behaviour, as averages.
struct DemoPerson {
  std::string subject_id;                      // "viewer-000017"
  std::array<double, kDemoFeatures> features;  // raw units, in the order of DemoSchema
  std::array<bool, kDemoFeatures> missing;
  size_t planted = 0;                     // index into DemoSegmentNames; the model never sees it
  bool outlier = false;                   // behaves like nobody: a shared account, a screen in a shop
  DemoChoice choice = DemoChoice::kNone;  // what the person said to the consent notice
};

// The same seed gives the same people, whatever their number: person i depends on the seed and i alone.
class DemoAudience {
 public:
  explicit DemoAudience(uint64_t seed) : seed_(seed) {}
  DemoPerson Person(uint64_t index) const;

 private:
  uint64_t seed_;
};

// The features with units and what the person can change; all to be fitted by training.
internal::v1::FeatureSchema DemoSchema();
// Names of the planted segments.
std::span<const char* const> DemoSegmentNames();

}  // namespace assent::client

#endif  // ASSENT_CLIENT_DEMO_AUDIENCE_H_
