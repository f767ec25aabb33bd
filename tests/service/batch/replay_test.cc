#include "service/batch/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "service/engine/logged_decision.h"
#include "tests/service/batch/log_world.h"
#include "tests/support/playbooks.h"
#include "tests/support/store_calls.h"

namespace waymark::batch {
namespace {

using ::testing::ElementsAre;
using testing_support::LogWorld;
using testing_support::MustCompile;

constexpr absl::string_view kPlaybook = R"yaml(
keep_decisions: 30d
traits: [{name: age, type: INT}]
channels: [{name: web}]
actions:
  - {name: young, kind: OFFER, eligible_when: customer.age < 30, lever: 2}
  - {name: all, kind: OFFER}
  - {name: greeting, kind: CONTENT, lever: 0.5}
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
)yaml";

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    for (int i = 0; i < 60; ++i) {
      const std::string customer = absl::StrCat("c", i);
      EXPECT_TRUE(world_.UpdateProfile({.tenant = "shop", .customer = customer, .traits = {{"age", int64_t{i}}}}).ok());
      answers_.push_back(world_.Decided({.tenant = "shop", .customer = customer, .placements = {"hero"}}));
      world_.clock.Advance(absl::Minutes(1));
    }
  }

  Replay Run(ReplayRequest request) {
    request.tenant = "shop";
    const auto replay = ReplayDecisions(world_.log, request, world_.cancellation,
                                        [this](const Replay& at) { pages_ += at.replayed > 0; });
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.ok() ? *replay : Replay();
  }

  LogWorld world_{kPlaybook};
  std::vector<engine::DecideAnswer> answers_;
  int pages_ = 0;
};

TEST_F(ReplayTest, WithThePlaybookOfThenAllIsEqual) {
  // The customers are others by now, and the playbook too.
  ASSERT_TRUE(world_.UpdateProfile({.tenant = "shop", .customer = "c7", .traits = {{"age", int64_t{70}}}}).ok());
  ASSERT_TRUE(
      world_.Apply("shop", "keep_decisions: 30d\nchannels: [{name: web}]\nactions: [{name: all, kind: OFFER}]").ok());
  const Replay replay = Run({});
  EXPECT_EQ(replay.replayed, 60);
  EXPECT_EQ(replay.equal, 60);
  EXPECT_EQ(replay.not_replayed, 0);
  EXPECT_TRUE(replay.differences.empty());
  EXPECT_EQ(replay.progress.decisions, 60);
  EXPECT_GT(pages_, 1);
}

TEST_F(ReplayTest, SaysHowAnotherPlaybookDiffers) {
  std::string text(kPlaybook);
  text.replace(text.find("age < 30"), 8, "age < 20");
  const Replay replay = Run({.playbook = MustCompile(text)});
  EXPECT_EQ(replay.replayed, 60);
  EXPECT_EQ(replay.equal, 50);
  const ActionCounts& young = replay.actions.at({"hero", "young"});
  EXPECT_EQ(young.same, 20);
  EXPECT_EQ(young.lost, 10);
  EXPECT_EQ(young.gained, 0);
  const ActionCounts& all = replay.actions.at({"hero", "all"});
  EXPECT_EQ(all.same, 30);
  EXPECT_EQ(all.gained, 10);
  EXPECT_EQ(all.lost, 0);
  ASSERT_EQ(replay.differences.size(), 10u);
  EXPECT_EQ(replay.differences[0].placement, "hero");
  EXPECT_THAT(replay.differences[0].before, ElementsAre("young"));
  EXPECT_THAT(replay.differences[0].after, ElementsAre("all"));
}

TEST_F(ReplayTest, APlaybookWithoutThePlacementIsSaid) {
  const Replay replay = Run({.playbook = MustCompile("channels: [{name: web}]")});
  EXPECT_EQ(replay.replayed, 0);
  EXPECT_EQ(replay.not_replayed, 60);
  EXPECT_EQ(replay.first_refusal, "the playbook has no such placement");
}

TEST_F(ReplayTest, TakesATimeAndIds) {
  EXPECT_EQ(Run({.range = {answers_[10].decided_at, answers_[15].decided_at}}).replayed, 5);
  EXPECT_EQ(Run({.decision_ids = {answers_[3].decision_id, answers_[40].decision_id, "none"}}).equal, 2);
}

TEST_F(ReplayTest, ADamagedEntryIsCounted) {
  int n = 0;
  world_.decisions.ChangeBytes("shop", [&n](std::string bytes) {
    if (n++ == 5) bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    return bytes;
  });
  const Replay replay = Run({});
  EXPECT_EQ(replay.replayed, 59);
  EXPECT_EQ(replay.equal, 59);
  EXPECT_EQ(replay.not_replayed, 1);
}

// As if Waymark itself decided otherwise since.
TEST_F(ReplayTest, FindsWhatIsNotEqualThoughTheActionsAre) {
  world_.decisions.ChangeBytes("shop", [this](const std::string& bytes) {
    auto logged = absl::get<store::LoggedDecision>(*store::DecodeLogRecord(bytes));
    if (logged.decision_id == answers_[8].decision_id) ++logged.answer_hash;
    return store::EncodeLogRecord(logged);
  });
  const Replay replay = Run({});
  EXPECT_EQ(replay.equal, 59);
  ASSERT_EQ(replay.differences.size(), 1u);
  EXPECT_EQ(replay.differences[0].decision_id, answers_[8].decision_id);
  EXPECT_EQ(replay.differences[0].placement, "");
}

TEST_F(ReplayTest, WhatIsExportedReplaysWithoutTheLog) {
  ReplayRequest request;
  std::set<std::string> ids;
  const absl::Status status = ExportDecisions(world_.log, "shop", {}, world_.cancellation,
                                              [&](const std::vector<ExportedDecision>& decisions, const LogProgress&) {
                                                for (const ExportedDecision& each : decisions) {
                                                  ids.insert(each.decision.decision_id);
                                                  request.records.push_back(each.record);
                                                  EXPECT_NE(each.playbook, nullptr);
                                                }
                                                return true;
                                              });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ids.size(), 60u);
  ASSERT_TRUE(testing_support::TrimNow(world_.decisions, "shop", absl::InfiniteFuture(), 1).ok());
  EXPECT_EQ(Run(request).equal, 60);
  request.records.push_back("nonsense");
  request.tenant = "shop";
  EXPECT_TRUE(absl::IsInvalidArgument(
      ReplayDecisions(world_.log, request, world_.cancellation, [](const Replay&) {}).status()));
}

TEST_F(ReplayTest, EndsWhenItIsCancelled) {
  const auto replay = ReplayDecisions(world_.log, {.tenant = "shop"}, world_.cancellation,
                                      [this](const Replay&) { world_.cancellation->Cancel(); });
  EXPECT_TRUE(absl::IsCancelled(replay.status()));
}

TEST(Replay, WhereNothingIsKeptItSaysSo) {
  LogWorld world("channels: [{name: web}]");
  EXPECT_TRUE(absl::IsFailedPrecondition(
      ReplayDecisions(world.log, {.tenant = "shop"}, world.cancellation, [](const Replay&) {}).status()));
}

}  // namespace
}  // namespace waymark::batch
