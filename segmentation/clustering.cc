#include "segmentation/clustering.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace waymark::segmentation {
namespace {

// SplitMix64 (Steele, Lea & Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // In [0, 1).
  double Uniform() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

// Each next centre is a point drawn in proportion to its squared distance from the nearest one so far.
Rows Start(const Rows& points, int k, Random& random) {
  Rows centres(k, points.cols());
  Eigen::VectorXf nearest = Eigen::VectorXf::Constant(points.rows(), std::numeric_limits<float>::max());
  auto chosen = static_cast<Eigen::Index>(random.Uniform() * static_cast<double>(points.rows()));
  for (int i = 0; i < k; ++i) {
    centres.row(i) = points.row(chosen);
    nearest = nearest.cwiseMin((points.rowwise() - points.row(chosen)).rowwise().squaredNorm());
    const double total = nearest.cast<double>().sum();
    if (total <= 0) return centres.topRows(i + 1);  // every point is a centre
    double left = random.Uniform() * total;
    for (chosen = 0; chosen + 1 < points.rows(); ++chosen) {
      left -= nearest[chosen];
      if (left < 0) break;
    }
  }
  return centres;
}

// Assigns each point to its nearest centroid and gives the sum of squared distances; whether anything changed.
bool Assign(const Rows& points, const Eigen::VectorXf& norms, Clustering& clustering) {
  const Rows products = points * clustering.centroids.transpose();
  const Eigen::RowVectorXf half = clustering.centroids.rowwise().squaredNorm().transpose() / 2;
  bool changed = false;
  clustering.inertia = 0;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    Eigen::Index nearest = 0;
    const float least = (half - products.row(i)).minCoeff(&nearest);
    changed |= clustering.assignments[i] != static_cast<int>(nearest);
    clustering.assignments[i] = static_cast<int>(nearest);
    clustering.inertia += std::max(0.0F, norms[i] + 2 * least);
  }
  return changed;
}

// Moves each centroid to the mean of its points; one without points stays.
void Move(const Rows& points, Clustering& clustering) {
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(clustering.centroids.rows(), points.cols());
  std::vector<int64_t> counts(clustering.centroids.rows());
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    sums.row(clustering.assignments[i]) += points.row(i).cast<double>();
    ++counts[clustering.assignments[i]];
  }
  for (Eigen::Index c = 0; c < sums.rows(); ++c) {
    if (counts[c] > 0) clustering.centroids.row(c) = (sums.row(c) / static_cast<double>(counts[c])).cast<float>();
  }
}

// The largest cluster first, those without points not at all.
void Order(Clustering& clustering) {
  const auto clusters = static_cast<int>(clustering.centroids.rows());
  std::vector<int64_t> counts(clusters);
  for (int assignment : clustering.assignments) ++counts[assignment];
  std::vector<int> order(clusters);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int l, int r) { return counts[l] > counts[r]; });
  order.erase(std::find_if(order.begin(), order.end(), [&](int c) { return counts[c] == 0; }), order.end());
  Rows centroids(order.size(), clustering.centroids.cols());
  std::vector<int> place(clusters);
  for (size_t i = 0; i < order.size(); ++i) {
    centroids.row(static_cast<Eigen::Index>(i)) = clustering.centroids.row(order[i]);
    place[order[i]] = static_cast<int>(i);
  }
  clustering.centroids = std::move(centroids);
  for (int& assignment : clustering.assignments) assignment = place[assignment];
}

}  // namespace

Clustering KMeans(const Rows& points, int k, uint64_t seed) {
  Random random(seed);
  const Eigen::VectorXf norms = points.rowwise().squaredNorm();
  Clustering best{.inertia = std::numeric_limits<double>::infinity()};
  for (int start = 0; start < kStarts; ++start) {
    Clustering clustering{Start(points, k, random), std::vector<int>(points.rows(), -1)};
    for (int i = 0; i < kMaxIterations && Assign(points, norms, clustering); ++i) Move(points, clustering);
    if (clustering.inertia < best.inertia) best = std::move(clustering);
  }
  Order(best);
  return best;
}

Eigen::MatrixXf PairwiseDistances(const Rows& points, Eigen::Index count) {
  const auto some = points.topRows(count);
  const Eigen::VectorXf norms = some.rowwise().squaredNorm();
  Eigen::MatrixXf distances = -2 * (some * some.transpose());
  distances.colwise() += norms;
  distances.rowwise() += norms.transpose();
  return distances.cwiseMax(0).cwiseSqrt();
}

double MeanSilhouette(const Eigen::MatrixXf& distances, const std::vector<int>& assignments, int clusters) {
  const Eigen::Index count = distances.rows();
  std::vector<double> sizes(clusters);
  for (Eigen::Index i = 0; i < count; ++i) ++sizes[assignments[i]];
  double total = 0;
  std::vector<double> sums(clusters);
  for (Eigen::Index i = 0; i < count; ++i) {
    std::fill(sums.begin(), sums.end(), 0);
    for (Eigen::Index j = 0; j < count; ++j) sums[assignments[j]] += distances(j, i);
    const int own = assignments[i];
    if (sizes[own] <= 1) continue;
    const double within = sums[own] / (sizes[own] - 1);
    double between = std::numeric_limits<double>::infinity();
    for (int c = 0; c < clusters; ++c) {
      if (c != own && sizes[c] > 0) between = std::min(between, sums[c] / sizes[c]);
    }
    if (!std::isfinite(between)) continue;  // there is no other cluster
    const double larger = std::max(within, between);
    if (larger > 0) total += (between - within) / larger;
  }
  return count == 0 ? 0 : total / static_cast<double>(count);
}

}  // namespace waymark::segmentation
