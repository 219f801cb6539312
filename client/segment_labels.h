// Segment cards that describe themselves: what sets a cluster apart from everybody.
#ifndef ASSENT_CLIENT_SEGMENT_LABELS_H_
#define ASSENT_CLIENT_SEGMENT_LABELS_H_

#include <vector>

#include "assent/internal/v1/model_file.pb.h"
#include "client/kmeans.h"

namespace assent::client {

// Adds one card a cluster: id "segment-<index>", a label from the features in which its centroid is farthest from the
// mean of all rows (in standard deviations), a description with their raw values, the number of training rows, and
// what a card must say and only people can know, as it is unless they say otherwise: no sensitivity, every selection
// allowed, an id of this model alone.
// Shape: scaled is [rows x dim]; means is [dim], the column means of `scaled`. `model` has its schema and centroids.
void AddSegmentCards(const std::vector<float>& scaled, const KmeansResult& kmeans, const std::vector<double>& means,
                     internal::v1::ModelFile& model);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_SEGMENT_LABELS_H_
