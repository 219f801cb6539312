// A small model that tests of the server share: two features, four segments, every rule of a model in reach.
#ifndef ASSENT_TESTS_SERVER_SAMPLE_MODEL_H_
#define ASSENT_TESTS_SERVER_SAMPLE_MODEL_H_

#include <string>

#include "assent/internal/v1/model_file.pb.h"
#include "assent/v1/event.pb.h"
#include "assent/v1/purpose.pb.h"
#include "scoring/model.h"

namespace assent::server {

// Features "minutes" (mean 60, scale 30) and "sessions" (mean 10, scale 5; no substitute when missing is refused if
// `refuse_missing`). Segments, in scaled units: "light" (-1, -1), "heavy" (2, 2), "content-only" (-1, 2; SELECT_CONTENT
// only), "health" (2, -1; special category). Abstains below a margin of 0.5 and beyond a distance of 25.
internal::v1::ModelFile SampleModelFile(const std::string& name = "sample", bool refuse_missing = false);
scoring::Model SampleModel(const std::string& name = "sample", bool refuse_missing = false);

// A model with a profile: the direct feature "minutes" (mean 60, scale 30; 0 when missing), and, over events of type
// "purchase", "purchases" (their number) and "spend" (the sum of "price", scale 10); "heartbeat" is a known type that
// nothing reads. Segments, in scaled units of those three: "browser" (0, 0, 0), "buyer" (0, 2, 2), "collector"
// (0, 6, 6), for every purpose.
internal::v1::ModelFile ProfileModelFile(const std::string& name = "profile",
                                         int profile_purpose = v1::PURPOSE_PROFILE_ADVERTISING);
scoring::Model ProfileModel(const std::string& name = "profile", int profile_purpose = v1::PURPOSE_PROFILE_ADVERTISING);

// A purchase `seconds_ago` before `now_us`.
v1::Event PurchaseEvent(const std::string& event_id, double price, int64_t now_us, int64_t seconds_ago = 60);

// A model of k segments and dim features "f0", "f1", … whose centroids are reproducible noise; never abstains.
scoring::Model NoiseModel(size_t k, size_t dim, uint64_t seed);

// Raw values of an event in the middle of each segment.
inline constexpr float kLight[2] = {30, 5};
inline constexpr float kHeavy[2] = {120, 20};
inline constexpr float kContentOnly[2] = {30, 20};
inline constexpr float kHealth[2] = {120, 5};
inline constexpr float kBetween[2] = {75, 12.5};  // as far from "light" as from "heavy"
inline constexpr float kFarAway[2] = {3000, 500};

}  // namespace assent::server

#endif  // ASSENT_TESTS_SERVER_SAMPLE_MODEL_H_
