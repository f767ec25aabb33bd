#include "service/store/journey_records.h"

#include <gtest/gtest.h>

#include <string>

namespace waymark::store {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;

const absl::Time kTime = absl::FromUnixMillis(1'780'000'000'123);

// Every field has a value of its own.
journey::MapCounts Counts() {
  journey::MapCounts counts(2);
  int64_t next = 1;
  const auto stays = [&] { return journey::StayCounts{next++, next++, next++}; };
  const auto emotion = [&] { return journey::EmotionSums{next++, next++, -next++, next++, next++}; };
  const auto score = [&] { return journey::ScoreSums{next++, next++, next++, next++}; };
  counts.customers = next++;
  counts.incomplete_customers = next++;
  for (journey::StageCounts& stage : counts.stages) {
    stage = {next++,        next++,     next++,   next++, next++, next++, next++, stays(), {next++, 0, next++},
             {{0, next++}}, {{next++}}, emotion()};
  }
  for (const char* name : {"web/home", "shop/till"}) {
    journey::TouchpointCounts& touchpoint = counts.Declared(NameIdOf(name));
    touchpoint.customers = next++;
    touchpoint.emotion = emotion();
    touchpoint.cells[1] = {next++, next++, next++, stays(), {{NameId{3}, next++}, {NameId{9}, next++}}, emotion()};
  }
  counts.Undeclared(NameIdOf("app/start"), "app/start").customers = next++;
  counts.Undeclared(NameIdOf("app/lost"), "").customers = next++;
  journey::ActionCounts& action = counts.Action(NameIdOf("coupon"));
  action = {next++, {{NameId{5}, next++}}, {stays(), stays(), stays()}};
  counts.furthest = {next++, next++};
  counts.left_first = next++;
  counts.followed = next++;
  counts.deviations[4] = next++;
  counts.AddPath(journey::KeyOf({0, 1}), next++);
  counts.other_paths = next++;
  counts.kpis = {next++, next++, next++, score(), score(), score(), next++, next++,
                 next++, next++, next++, next++,  next++,  -next++, next++, next++};
  counts.kpis.cohorts[600] = {next++, {next++, 0, next++}};
  return counts;
}

TEST(JourneyRecordsTest, CountsAreStored) {
  const JourneyCounts alone{.selected = Counts()};
  EXPECT_EQ(*DecodeJourneyCounts(EncodeJourneyCounts(alone), 2), alone);
  JourneyCounts both{.selected = Counts(), .compared = journey::MapCounts(2)};
  EXPECT_EQ(*DecodeJourneyCounts(EncodeJourneyCounts(both), 2), both);
  both.compared.Add(Counts());
  EXPECT_EQ(*DecodeJourneyCounts(EncodeJourneyCounts(both), 2), both);
}

TEST(JourneyRecordsTest, WhatDoesNotFitIsDamaged) {
  const std::string bytes = EncodeJourneyCounts({.selected = Counts()});
  EXPECT_EQ(DecodeJourneyCounts(bytes, 3).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeJourneyCounts("", 2).status().code(), absl::StatusCode::kDataLoss);
  // Cut off anywhere, it is damaged, or else it is something that can be added up.
  for (size_t size = 0; size < bytes.size(); ++size) {
    absl::StatusOr<JourneyCounts> decoded = DecodeJourneyCounts(absl::string_view(bytes).substr(0, size), 2);
    if (decoded.ok()) decoded->selected.Add(Counts());
  }
}

TEST(JourneyRecordsTest, KeysAndIndexesAreStored) {
  const JourneyMapKey all{.journey = "shopping"};
  const JourneyMapKey some{.journey = "shopping",
                           .selection = {.from = kTime, .until = kTime + absl::Hours(1), .segment = "vip"},
                           .compare_with = JourneySelection{.persona = "night_owl"}};
  for (const JourneyMapKey& key : {all, some}) EXPECT_EQ(*DecodeJourneyMapKey(EncodeJourneyMapKey(key)), key);
  EXPECT_NE(EncodeJourneyMapKey(all), EncodeJourneyMapKey(some));
  JourneyMapKey compared = all;
  compared.compare_with.emplace();
  EXPECT_NE(EncodeJourneyMapKey(all), EncodeJourneyMapKey(compared)) << "compared with everyone is compared";
  const std::vector<JourneyMapSlot> slots = {{EncodeJourneyMapKey(some), kTime, kTime + absl::Hours(1)},
                                             {"", absl::UnixEpoch()}};
  EXPECT_EQ(*DecodeJourneyMapIndex(EncodeJourneyMapIndex(slots)), slots);
  EXPECT_EQ(DecodeJourneyMapIndex("\xff").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeJourneyMapKey("\xff").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace waymark::store
