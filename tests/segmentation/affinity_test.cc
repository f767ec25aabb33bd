#include "segmentation/affinity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace waymark::segmentation {
namespace {

constexpr NameId kShoes = NameId{5};
const absl::Time kNow = absl::FromUnixSeconds(1780000000);

double Step() { return std::exp2(1 / Affinity::kStepsPerHalfLife) - 1; }

TEST(Affinity, HalvesInThirtyDays) {
  Profile profile;
  EXPECT_EQ(AffinityOf(profile, kShoes, kNow), 0);
  AddAffinity(profile, kShoes, kNow);
  EXPECT_NEAR(AffinityOf(profile, kShoes, kNow), 1, Step());
  EXPECT_NEAR(AffinityOf(profile, kShoes, kNow + kAffinityHalfLife), 0.5, Step());
  EXPECT_NEAR(AffinityOf(profile, kShoes, kNow - absl::Hours(24)), std::exp2(1 / 30.0), 2 * Step());
  AddAffinity(profile, kShoes, kNow + kAffinityHalfLife);
  EXPECT_NEAR(AffinityOf(profile, kShoes, kNow + kAffinityHalfLife), 1.5, 2 * Step());
  EXPECT_EQ(AffinityOf(profile, NameId{4}, kNow), 0);
  EXPECT_EQ(AffinityOf(profile, NameId{6}, kNow), 0);
}

// The definition, over the plain list.
double BruteForce(const std::vector<absl::Time>& times, absl::Time now) {
  double sum = 0;
  for (absl::Time time : times) sum += std::exp2(-absl::FDivDuration(now - time, kAffinityHalfLife));
  return sum;
}

TEST(Affinity, IsTheDecayedCountInWhateverOrderTheEventsArrive) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<absl::Time> times(1 + random() % 500);
    for (absl::Time& time : times) time = kNow - absl::Minutes(static_cast<int64_t>(random() % (400 * 24 * 60)));
    for (int order = 0; order < 3; ++order) {
      if (order == 0) std::sort(times.begin(), times.end());
      if (order == 1) std::reverse(times.begin(), times.end());
      if (order == 2) std::shuffle(times.begin(), times.end(), random);
      Profile profile;
      for (absl::Time time : times) AddAffinity(profile, kShoes, time);
      for (absl::Duration later : {absl::ZeroDuration(), absl::Hours(24 * 45)}) {
        const double exact = BruteForce(times, kNow + later);
        EXPECT_NEAR(AffinityOf(profile, kShoes, kNow + later) / exact, 1, Step() * static_cast<double>(times.size()));
      }
    }
  }
}

TEST(Affinity, StandsAtAWholeStep) {
  Profile profile;
  for (int i = 0; i < 100; ++i) AddAffinity(profile, kShoes, kNow + absl::Minutes(i * 977));
  const double steps = profile.affinities[0].log2_weight * Affinity::kStepsPerHalfLife;
  EXPECT_EQ(steps, std::round(steps));
}

TEST(Affinity, KeepsTheStrongestAndCountsWhatGoes) {
  Profile profile;
  // Name n has n events; the last ones come when it is full.
  for (uint32_t name = 40; name >= 1; --name) {
    for (uint32_t i = 0; i < name; ++i) AddAffinity(profile, NameId{name}, kNow);
  }
  ASSERT_EQ(profile.affinities.size(), Profile::kMaxAffinities);
  EXPECT_TRUE(std::is_sorted(profile.affinities.begin(), profile.affinities.end(),
                             [](const Affinity& a, const Affinity& b) { return a.name < b.name; }));
  for (uint32_t name = 17; name <= 40; ++name) {
    EXPECT_NEAR(AffinityOf(profile, NameId{name}, kNow), name, name * name * Step());
  }
  EXPECT_EQ(profile.compacted, 16u * 17 / 2) << "each event of the weaker ones went";
  // What was forgotten returns when one event of it is worth more than all that is left of another.
  AddAffinity(profile, NameId{1}, kNow + 5 * kAffinityHalfLife);
  EXPECT_NEAR(AffinityOf(profile, NameId{1}, kNow + 5 * kAffinityHalfLife), 1, Step());
  EXPECT_EQ(AffinityOf(profile, NameId{17}, kNow), 0);
}

TEST(Affinity, OfEqualOnesTheSmallestNamesStayInWhateverOrder) {
  std::vector<uint32_t> names(30);
  for (uint32_t i = 0; i < 30; ++i) names[i] = i;
  std::mt19937_64 random(5);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(names.begin(), names.end(), random);
    Profile profile;
    for (uint32_t name : names) AddAffinity(profile, NameId{name}, kNow);
    ASSERT_EQ(profile.affinities.size(), 24u);
    EXPECT_EQ(profile.affinities.back().name, NameId{23});
  }
}

}  // namespace
}  // namespace waymark::segmentation
