#ifndef WAYMARK_SEGMENTATION_CLUSTERING_H_
#define WAYMARK_SEGMENTATION_CLUSTERING_H_

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace waymark::segmentation {

// Points, a row each.
using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Clusters, the largest first.
struct Clustering {
  Rows centroids;
  std::vector<int> assignments;  // of each point
  double inertia = 0;            // the sum of squared distances to the centroids
};

// Lloyd's k-means from k-means++ starts (Arthur & Vassilvitskii 2007), the best of a few. Deterministic in its
// arguments. Fewer clusters than k where fewer points differ. O(points x columns x k) an iteration, at most
// kMaxIterations of them a start.
inline constexpr int kStarts = 4;
inline constexpr int kMaxIterations = 50;
Clustering KMeans(const Rows& points, int k, uint64_t seed);

// Euclidean distances of each two of the first `count` points. O(count^2 x columns) time, O(count^2) room.
Eigen::MatrixXf PairwiseDistances(const Rows& points, Eigen::Index count);

// The mean silhouette (Rousseeuw 1987) of the points whose distances are given: -1 to 1; one that is alone in its
// cluster counts 0. O(count^2).
double MeanSilhouette(const Eigen::MatrixXf& distances, const std::vector<int>& assignments, int clusters);

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_CLUSTERING_H_
