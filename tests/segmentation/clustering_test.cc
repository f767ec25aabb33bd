#include "segmentation/clustering.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace waymark::segmentation {
namespace {

// Round clouds of these centres, the i-th point of the i-th centre modulo their number.
Rows Clouds(const std::vector<std::pair<float, float>>& centres, int count, float spread) {
  std::mt19937_64 random(5);
  std::normal_distribution<float> noise(0, spread);
  Rows points(count, 2);
  for (int i = 0; i < count; ++i) {
    points(i, 0) = centres[i % centres.size()].first + noise(random);
    points(i, 1) = centres[i % centres.size()].second + noise(random);
  }
  return points;
}

TEST(KMeans, FindsWhatIsApart) {
  const Rows points = Clouds({{0, 0}, {10, 0}, {0, 10}, {10, 10}}, 400, 1);
  const Clustering clustering = KMeans(points, 4, 1);
  for (int i = 4; i < 400; ++i) EXPECT_EQ(clustering.assignments[i], clustering.assignments[i % 4]) << i;
  EXPECT_EQ(std::set<int>(clustering.assignments.begin(), clustering.assignments.begin() + 4).size(), 4u);
  double inertia = 0;
  for (int i = 0; i < 400; ++i)
    inertia += (points.row(i) - clustering.centroids.row(clustering.assignments[i])).squaredNorm();
  EXPECT_NEAR(clustering.inertia, inertia, 0.1);
}

TEST(KMeans, IsDeterministicAndTheLargestIsFirst) {
  const Rows points = Clouds({{0, 0}, {0, 0}, {0, 0}, {20, 0}, {20, 0}, {0, 20}}, 600, 1);
  const Clustering clustering = KMeans(points, 3, 9);
  EXPECT_EQ(KMeans(points, 3, 9).centroids, clustering.centroids);
  std::vector<int> counts(3);
  for (int assignment : clustering.assignments) ++counts[assignment];
  EXPECT_EQ(counts, (std::vector<int>{300, 200, 100}));
}

TEST(KMeans, FewerClustersWhereFewerPointsDiffer) {
  Rows points(30, 1);
  for (int i = 0; i < 30; ++i) points(i, 0) = static_cast<float>(i % 2);
  EXPECT_EQ(KMeans(points, 5, 1).centroids.rows(), 2);
}

// By the definition, one point at a time.
double SilhouetteByDefinition(const Rows& points, const std::vector<int>& assignments, int clusters) {
  double total = 0;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    std::vector<double> sums(clusters);
    std::vector<int> counts(clusters);
    for (Eigen::Index j = 0; j < points.rows(); ++j) {
      if (i == j) continue;
      sums[assignments[j]] += (points.row(i) - points.row(j)).norm();
      ++counts[assignments[j]];
    }
    if (counts[assignments[i]] == 0) continue;
    const double a = sums[assignments[i]] / counts[assignments[i]];
    double b = INFINITY;
    for (int c = 0; c < clusters; ++c) {
      if (c != assignments[i] && counts[c] > 0) b = std::min(b, sums[c] / counts[c]);
    }
    total += (b - a) / std::max(a, b);
  }
  return total / static_cast<double>(points.rows());
}

TEST(Silhouette, AgreesWithItsDefinition) {
  const Rows points = Clouds({{0, 0}, {3, 0}, {1, 4}}, 90, 1);
  const Eigen::MatrixXf distances = PairwiseDistances(points, 90);
  for (int k : {2, 3, 4, 6}) {
    const Clustering clustering = KMeans(points, k, 1);
    EXPECT_NEAR(MeanSilhouette(distances, clustering.assignments, k),
                SilhouetteByDefinition(points, clustering.assignments, k), 1e-4)
        << k;
  }
}

TEST(Silhouette, IsLargestForTheTrueNumber) {
  const Rows points = Clouds({{0, 0}, {10, 0}, {0, 10}, {10, 10}}, 400, 1);
  const Eigen::MatrixXf distances = PairwiseDistances(points, 400);
  const double of_four = MeanSilhouette(distances, KMeans(points, 4, 1).assignments, 4);
  for (int k : {2, 3, 5, 6}) EXPECT_LT(MeanSilhouette(distances, KMeans(points, k, 1).assignments, k), of_four) << k;
}

TEST(Silhouette, OfOneClusterIsNothing) {
  const Rows points = Clouds({{0, 0}}, 10, 1);
  EXPECT_EQ(MeanSilhouette(PairwiseDistances(points, 10), std::vector<int>(10, 0), 1), 0);
}

}  // namespace
}  // namespace waymark::segmentation
