#include "service/journey/map_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"

namespace waymark::journey {
namespace {

using segmentation::NameId;

constexpr size_t kStages = 3;

TEST(Paths, KeysKeepTheStages) {
  for (const std::vector<size_t>& stages :
       {std::vector<size_t>{}, {0}, {32}, {0, 1, 2}, {5, 4, 3, 2, 1, 0, 32, 31, 30, 29}}) {
    EXPECT_EQ(PathOf(KeyOf(stages)), (Path{stages, false}));
  }
}

TEST(Paths, LongerOnesAreKnownByTheirFirstStages) {
  const std::vector<size_t> stages = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2};
  const std::vector<size_t> longer = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 0, 1};
  EXPECT_EQ(PathOf(KeyOf(stages)), (Path{{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, true}));
  EXPECT_EQ(KeyOf(stages), KeyOf(longer));
}

TEST(Paths, ShorterOnesComeFirst) {
  EXPECT_LT(KeyOf({32, 32}), KeyOf({0, 0, 0}));
  EXPECT_LT(KeyOf({0, 1}), KeyOf({0, 2}));
}

// One customer at an undeclared touchpoint.
MapCounts AtUndeclared(uint32_t touchpoint, const std::string& text) {
  MapCounts counts(kStages);
  TouchpointCounts& at = counts.Undeclared(NameId{touchpoint}, text);
  ++at.customers;
  ++at.cells[1].customers;
  AddTo(at.cells[1].events, NameId{7}, 2);
  return counts;
}

// Whatever comes first, the same thousand are kept, and the others counted together.
TEST(MapCounts, UndeclaredTouchpointsAreBoundedInAnyOrder) {
  constexpr uint32_t kMany = 1'300;
  std::vector<uint32_t> ids;
  for (uint32_t id = 1; id <= kMany; ++id) ids.insert(ids.end(), {id, id});
  std::vector<MapCounts> sums;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    std::mt19937_64 random(seed);
    std::shuffle(ids.begin(), ids.end(), random);
    std::vector<MapCounts> shards(4, MapCounts(kStages));
    for (const uint32_t id : ids) shards[random() % 4].Add(AtUndeclared(id, absl::StrCat("web/", id)));
    MapCounts sum;
    for (const MapCounts& shard : shards) sum.Add(shard);
    sums.push_back(sum);
  }
  EXPECT_TRUE(sums[0] == sums[1]);
  EXPECT_TRUE(sums[0] == sums[2]);
  EXPECT_EQ(sums[0].undeclared.size(), MapCounts::kMaxUndeclared);
  EXPECT_EQ(sums[0].touchpoints.size(), MapCounts::kMaxUndeclared + 1);
  EXPECT_EQ(sums[0].touchpoints.at(NameId{1'000}).customers, 2);
  EXPECT_EQ(sums[0].undeclared.at(NameId{1'000}), "web/1000");
  EXPECT_EQ(sums[0].touchpoints.at(kOtherTouchpoint).customers, 600);
  EXPECT_EQ(sums[0].touchpoints.at(kOtherTouchpoint).volume(), 1'200);
}

TEST(MapCounts, ATextThatOneShardLostComesFromAnother) {
  MapCounts lost = AtUndeclared(5, "");
  lost.Add(AtUndeclared(5, "web/new"));
  MapCounts known = AtUndeclared(5, "web/new");
  known.Add(AtUndeclared(5, ""));
  EXPECT_EQ(lost.undeclared.at(NameId{5}), "web/new");
  EXPECT_TRUE(lost == known);
}

TEST(MapCounts, PathsAreBoundedInAnyOrder) {
  std::vector<PathKey> keys;
  for (size_t i = 0; i < MapCounts::kMaxPaths + 500; ++i) keys.push_back(KeyOf({i % 60, i / 60 % 60, i / 3600}));
  std::vector<MapCounts> sums;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    std::mt19937_64 random(seed);
    std::shuffle(keys.begin(), keys.end(), random);
    std::vector<MapCounts> shards(3, MapCounts(kStages));
    for (const PathKey key : keys) shards[random() % 3].AddPath(key, 2);
    MapCounts sum;
    for (const MapCounts& shard : shards) sum.Add(shard);
    sum.AddPath(KeyOf({0}), 1);
    sums.push_back(sum);
  }
  EXPECT_TRUE(sums[0] == sums[1]);
  EXPECT_TRUE(sums[0] == sums[2]);
  EXPECT_EQ(sums[0].paths.size(), MapCounts::kMaxPaths);
  EXPECT_EQ(sums[0].paths.at(KeyOf({0})), 1);
  EXPECT_EQ(sums[0].other_paths, 2 * 501);
}

TEST(MapCounts, NothingChangesWhatItIsAddedTo) {
  MapCounts counts = AtUndeclared(5, "web/new");
  const MapCounts before = counts;
  counts.Add(MapCounts());
  counts.Add(MapCounts(kStages));
  EXPECT_TRUE(counts == before);
}

}  // namespace
}  // namespace waymark::journey
