// Thresholds and temperature of a model from rows that it was not trained on.
#ifndef ASSENT_CLIENT_CALIBRATION_H_
#define ASSENT_CLIENT_CALIBRATION_H_

#include <cstddef>
#include <span>
#include <vector>

namespace assent::client {

// Squared distances of each row to each centroid, in double. Shape: points [rows x dim], centroids [k x dim], both
// row-major; the result [rows x k].
std::vector<double> SquaredDistances(std::span<const float> points, std::span<const float> centroids, size_t dim);

// A distance as distance_max, where 0 would mean that there is no limit: the smallest positive (normal) double instead,
// which lets pass what lies on a centroid and nothing else.
double LimitOfDistance(double distance);

// Thresholds under which floor(share * rows) of the rows abstain, fewer where rows tie: by a margin (second nearest
// less nearest) below margin_min, and by a distance to the nearest above distance_max. The two are counted apart.
// Shape: distances [rows x k] as above, at least one row. With one centroid there is no margin: margin_min is 0.
struct CalibratedThresholds {
  double margin_min = 0;
  double distance_max = 0;
};
CalibratedThresholds CalibrateThresholds(std::span<const double> distances, size_t k, double margin_share,
                                         double distance_share);

// The temperature T that makes the rows most likely when each comes, with equal chance, from one of k round Gaussians
// of one variance T / 2 around the centroids: softmax(-distance / T) is then the chance of each. Found by expectation
// maximisation from `start`: T <- 2 / (rows dim) sum_i sum_c softmax_c(-d_ic / T) d_ic, which never lowers the
// likelihood. Where all rows come to lie on centroids, every smaller T is likelier than the last, and `start` (greater
// than 0) is kept. Greater than 0.
// Source: Dempster, Laird, Rubin, "Maximum likelihood from incomplete data via the EM algorithm", J. R. Stat. Soc. B
// 39, 1977; Bishop, "Pattern Recognition and Machine Learning", section 9.3.
double CalibrateTemperature(std::span<const double> distances, size_t k, size_t dim, double start);

// Mean over the rows of the logarithm of the likelihood that CalibrateTemperature maximises. Unit: nats.
double MeanLogLikelihood(std::span<const double> distances, size_t k, size_t dim, double temperature);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CALIBRATION_H_
