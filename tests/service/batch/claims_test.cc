#include "service/batch/claims.h"

#include <gtest/gtest.h>

#include <string>

#include "service/store/batch_records.h"

namespace waymark::batch {
namespace {

using store::RunClaim;
using store::RunCounts;
using store::RunState;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
const Worker kAnna{.id = 1, .now = kNow};
const Worker kBert{.id = 2, .now = kNow};

void Append(absl::string_view counts, std::string& sums) { sums.append(counts.data(), counts.size()); }

bool Complete(RunState& run, uint64_t claim, const RunCounts& counts) {
  return batch::Complete(run, claim, counts, Append);
}

RunState Begun() { return BeginRun({}, 7, {.playbook_version = 3}, kNow, 2, 6); }

Worker Later(Worker worker, absl::Duration duration) {
  worker.now += duration;
  return worker;
}

TEST(ClaimsTest, ARunGoesFromPageToPage) {
  RunState run = Begun();
  EXPECT_FALSE(IsOver(run));
  const auto first = ClaimNext(run, "", "10", kAnna);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(ClaimNext(run, "", "10", kBert), absl::nullopt) << "Anna has it";
  const auto second = ClaimNext(run, "10", "", kBert);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(ClaimNext(run, "", "10", kBert), absl::nullopt) << "the walk is at its end, not at its beginning";
  EXPECT_TRUE(Complete(run, first->id, {.profiles = 4, .changed = 1, .damaged = 1, .members = {1, 2}}));
  EXPECT_FALSE(IsOver(run)) << "Bert works still";
  EXPECT_TRUE(Complete(run, second->id, {.profiles = 5, .changed = 2, .members = {3, 0}}));
  EXPECT_TRUE(IsOver(run));
  EXPECT_EQ(run.counts.profiles, 9);
  EXPECT_EQ(run.counts.changed, 3);
  EXPECT_EQ(run.counts.damaged, 1);
  EXPECT_EQ(run.counts.members, (std::vector<int64_t>{4, 2}));
}

TEST(ClaimsTest, WhatExpiresIsTakenOverAndCountedOnce) {
  RunState run = Begun();
  const auto claim = ClaimNext(run, "", "10", kAnna);
  EXPECT_EQ(TakeOver(run, kBert), absl::nullopt);
  Renew(run, Later(kAnna, absl::Seconds(30)));
  EXPECT_EQ(TakeOver(run, Later(kBert, absl::Seconds(89))), absl::nullopt) << "it was renewed";
  const auto taken = TakeOver(run, Later(kBert, absl::Seconds(90)));
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->from, claim->from);
  EXPECT_EQ(taken->until, claim->until);
  EXPECT_FALSE(Complete(run, claim->id, {.profiles = 4}));
  Renew(run, Later(kAnna, absl::Seconds(200)));
  EXPECT_TRUE(Complete(run, taken->id, {.profiles = 5}));
  EXPECT_FALSE(Complete(run, taken->id, {.profiles = 5})) << "said again, because the answer was lost";
  EXPECT_EQ(run.counts.profiles, 5);
}

TEST(ClaimsTest, JourneysAreAddedOnceToo) {
  RunState run = Begun();
  const auto first = ClaimNext(run, "", "10", kAnna);
  const auto second = ClaimNext(run, "10", "", kBert);
  EXPECT_TRUE(IsWorkedOn(run, kNow));
  EXPECT_FALSE(IsWorkedOn(run, kNow + absl::Seconds(60)));
  EXPECT_TRUE(Complete(run, second->id, {.journeys = "b"}));
  EXPECT_TRUE(Complete(run, first->id, {.journeys = "a"}));
  EXPECT_FALSE(Complete(run, first->id, {.journeys = "a"}));
  EXPECT_EQ(run.counts.journeys, "ba");
  EXPECT_FALSE(IsWorkedOn(run, kNow));
  Rewind(run);
  EXPECT_EQ(run.counts.journeys, "");
}

TEST(ClaimsTest, WhatIsGivenUpIsFreeAtOnce) {
  RunState run = Begun();
  ClaimNext(run, "", "10", kAnna);
  ClaimNext(run, "10", "20", kBert);
  AddChanged(run, 1, 3);
  AddChanged(run, 7, 5);
  EXPECT_EQ(run.counts.changed, 3);
  Release(run, kAnna.id);
  const auto taken = TakeOver(run, kBert);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->until, "10");
  EXPECT_EQ(TakeOver(run, kBert), absl::nullopt);
}

TEST(ClaimsTest, ARunThatBeginsAgainCountsNothingOfBefore) {
  RunState run = Begun();
  const auto done = ClaimNext(run, "", "10", kAnna);
  const auto held = ClaimNext(run, "10", "", kBert);
  Complete(run, done->id, {.profiles = 4, .members = {1, 2}});
  Rewind(run);
  EXPECT_EQ(run.counts, (RunCounts{.members = {0, 0}, .customers = {0, 0, 0, 0, 0, 0}}));
  EXPECT_FALSE(IsOver(run));
  const auto again = ClaimNext(run, "", "7", kAnna);
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(Complete(run, held->id, {.profiles = 4})) << "of the order that is gone";
  EXPECT_TRUE(Complete(run, again->id, {.profiles = 9}));
  EXPECT_EQ(run.counts.profiles, 9);
}

TEST(ClaimsTest, TheCountsOfARunThatIsOverAreKept) {
  RunState run = Begun();
  const auto claim = ClaimNext(run, "", "", kAnna);
  Complete(run, claim->id, {.profiles = 5});
  const RunState next = BeginRun(run, 8, {.playbook_version = 4}, kNow, 1, 0);
  EXPECT_EQ(next.finished_id, 7u);
  EXPECT_EQ(next.finished_counts.profiles, 5);
  EXPECT_EQ(next.counts.profiles, 0);
  EXPECT_EQ(next.counts.members.size(), 1u);
  EXPECT_EQ(next.finished_as_of, absl::UnixEpoch()) << "of another playbook";
  EXPECT_EQ(BeginRun(run, 8, {.playbook_version = 3}, kNow + absl::Hours(1), 1, 0).finished_as_of, kNow);
  // One that is replaced before its end has no counts; those of the one before it stay.
  EXPECT_EQ(BeginRun(next, 9, {.playbook_version = 4}, kNow, 1, 0).finished_id, 7u);
}

TEST(ClaimsTest, TheStateIsStored) {
  RunState run = BeginRun({}, 7, {.playbook_version = 3, .population_version = 2, .of = "map"}, kNow, 2, 6);
  ClaimNext(run, "", "10", kAnna);
  const auto claim = ClaimNext(run, "10", std::string("\0\xff", 2), kBert);
  Complete(run, claim->id,
           {.profiles = 4, .changed = 1, .damaged = 1, .members = {1, 2}, .customers = {0, 4}, .journeys = "a"});
  run.finished_as_of = kNow;
  run.finished_id = 6;
  run.finished_counts.members = {9};
  EXPECT_EQ(*store::DecodeRun(store::EncodeRun(run)), run);
  EXPECT_EQ(*store::DecodeRun(""), RunState{});
  EXPECT_EQ(store::DecodeRun("\xff").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace waymark::batch
