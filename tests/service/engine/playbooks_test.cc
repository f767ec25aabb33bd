#include "service/engine/playbooks.h"

#include <gtest/gtest.h>

#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using testing_support::World;

absl::StatusOr<PlaybookText> Get(World& world, absl::optional<uint64_t> version) {
  return Await<PlaybookText>([&](Playbooks::Done<PlaybookText> done) {
    world.playbooks.Get("shop", version, World::Deadline(), std::move(done));
  });
}

TEST(Playbooks, CountVersionsAndKeepThem) {
  World world("name: one");
  EXPECT_EQ((*world.playbooks.Current("shop"))->version, 1u);
  EXPECT_EQ(world.Apply("shop", "name: two")->version, 2u);
  EXPECT_EQ((*world.playbooks.Current("shop"))->name, "two");
  EXPECT_EQ(Get(world, absl::nullopt)->text, "name: two");
  EXPECT_EQ(Get(world, 1)->text, "name: one");
  EXPECT_EQ(Get(world, 3).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.playbooks.Current("other").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Playbooks, AWrongOneChangesNothing) {
  World world("name: one");
  const absl::StatusOr<ApplyAnswer> answer = world.Apply("shop", "nam: two\nsegments: [{name: a, when: '1 +'}]");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->problems.size(), 2u);
  EXPECT_EQ((*world.playbooks.Current("shop"))->version, 1u);
  EXPECT_EQ(Get(world, absl::nullopt)->version, 1u);
}

TEST(Playbooks, TheSameTextIsNoNewVersion) {
  World world("name: one");
  const absl::StatusOr<ApplyAnswer> answer = world.Apply("shop", "name: one");
  EXPECT_TRUE(answer->unchanged);
  EXPECT_EQ(answer->version, 1u);
}

TEST(Playbooks, ApplyOnlyOverTheExpectedVersion) {
  World world("name: one");
  EXPECT_EQ(world.Apply("shop", "name: two", 0).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(world.Apply("shop", "name: two", 1)->version, 2u);
  EXPECT_EQ(world.Apply("Shop!", "name: two").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Playbooks, AnotherReplicaServesWhatThisOneApplied) {
  World world("name: one");
  Playbooks replica(world.records, world.clock);
  const auto version = [&] {
    const auto current = replica.Current("shop");
    return current.ok() ? (*current)->version : 0;
  };
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (version() != 1 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(version(), 1u);
  EXPECT_TRUE(world.Apply("shop", "name: two").ok());
  while (version() != 2 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(version(), 2u);
  EXPECT_EQ(replica.token_key()->Sign("x"), world.playbooks.token_key()->Sign("x"))
      << "tokens are good at every replica";
}

TEST(Playbooks, ServesWhatItHasWhenTheStoreIsAway) {
  World world("name: one");
  world.records.FailWith(absl::UnavailableError("away"));
  EXPECT_EQ(world.Apply("shop", "name: two").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ((*world.playbooks.Current("shop"))->version, 1u);
  world.records.FailWith(absl::OkStatus());
  EXPECT_EQ(world.Apply("shop", "name: two")->version, 2u);
}

TEST(Playbooks, ValidateGivesProblemsAndStoresNothing) {
  World world("name: one");
  absl::Notification done;
  world.playbooks.Validate("nam: x", [&](std::vector<playbook::Problem> problems) {
    EXPECT_EQ(problems.size(), 1u);
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_EQ((*world.playbooks.Current("shop"))->version, 1u);
}

}  // namespace
}  // namespace waymark::engine
