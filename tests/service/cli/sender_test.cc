#include "service/cli/sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/service/cli/fake_target.h"

namespace waymark::cli {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Le;
using testing_support::FakeTarget;

struct Refusals {
  std::vector<std::string> told;
  Sender::Refused sink() {
    return [this](absl::string_view file, int line, absl::string_view reason) {
      told.push_back(absl::StrCat(file, ":", line, ": ", reason));
    };
  }
};

struct Pauses {
  absl::Mutex mutex;
  std::vector<absl::Duration> taken ABSL_GUARDED_BY(mutex);
  Sender::Options options(int workers) {
    Sender::Options options;
    options.tenant = "shop";
    options.workers = workers;
    options.wait = [this](absl::Duration pause) {
      absl::MutexLock lock(&mutex);
      taken.push_back(pause);
    };
    return options;
  }
};

Work EventOf(const std::string& customer, int n, const std::string& type = "visit") {
  Work work{"f.csv", n, customer};
  work.events.emplace_back();
  work.events.back().set_id(absl::StrCat(n));
  work.events.back().set_type(type);
  return work;
}

TEST(Sender, SendsEveryEventOnceAndACustomersInOrder) {
  FakeTarget fake;
  Pauses pauses;
  Sender sender(fake.target(), pauses.options(4), nullptr);
  for (int n = 0; n < 20'000; ++n) ASSERT_TRUE(sender.Add(EventOf(absl::StrCat("c", n % 37), n)).ok());
  ASSERT_TRUE(sender.Finish().ok());
  EXPECT_EQ(sender.counts().recorded, 20'000);
  EXPECT_EQ(sender.counts().duplicates, 0);
  EXPECT_THAT(fake.tenants(), ElementsAre("shop"));
  EXPECT_THAT(fake.batches(), Each(Le(Sender::kMaxBatch)));
  EXPECT_EQ(fake.events().size(), 37u);
  for (const auto& [customer, events] : fake.events()) {
    int last = -1;
    for (const v1::Event& event : events) {
      EXPECT_LT(last, std::stoi(event.id()));
      last = std::stoi(event.id());
    }
  }
}

TEST(Sender, SendsAProfileBeforeItsCustomersEvents) {
  FakeTarget fake;
  Sender sender(fake.target(), {"shop", 1}, nullptr);
  Work work = EventOf("a", 1);
  work.profile.emplace();
  (*work.profile->mutable_traits())["age"].set_int_value(7);
  ASSERT_TRUE(sender.Add(work).ok());
  ASSERT_TRUE(sender.Finish().ok());
  EXPECT_EQ(sender.counts().profiles, 1);
  EXPECT_EQ(fake.profiles().at("a").traits().at("age").int_value(), 7);
  EXPECT_EQ(fake.events().at("a").size(), 1u);
}

TEST(Sender, RepeatsCallsWhoseAnswerWasLost) {
  FakeTarget fake;
  Pauses pauses;
  fake.FailNext({absl::DeadlineExceededError(""), absl::ResourceExhaustedError(""), absl::UnavailableError("")});
  Sender sender(fake.target(), pauses.options(1), nullptr);
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(sender.Add(EventOf("a", n)).ok());
  ASSERT_TRUE(sender.Finish().ok());
  EXPECT_EQ(sender.counts().recorded + sender.counts().duplicates, 10);
  EXPECT_EQ(fake.events().at("a").size(), 10u);
  absl::MutexLock lock(&pauses.mutex);
  EXPECT_THAT(pauses.taken, ElementsAre(absl::Milliseconds(50), absl::Milliseconds(100), absl::Milliseconds(200)));
}

TEST(Sender, SendsAgainOnlyTheEventsThatTheStoreCouldNotTake) {
  FakeTarget fake;
  Pauses pauses;
  fake.RefuseType("late", /*retry=*/true);
  Refusals refusals;
  Sender sender(fake.target(), pauses.options(1), refusals.sink());
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(sender.Add(EventOf("a", n, n % 3 == 0 ? "late" : "visit")).ok());
  ASSERT_TRUE(sender.Finish().ok());
  EXPECT_EQ(sender.counts().recorded, 10);
  EXPECT_THAT(fake.batches(), ElementsAre(10, 4));
  EXPECT_THAT(refusals.told, IsEmpty());
}

TEST(Sender, TellsWhichLinesWereRefusedAndGoesOn) {
  FakeTarget fake;
  fake.RefuseType("odd", /*retry=*/false);
  Refusals refusals;
  Sender sender(fake.target(), {"shop", 1}, refusals.sink());
  ASSERT_TRUE(sender.Add(EventOf("a", 1)).ok());
  ASSERT_TRUE(sender.Add(EventOf("a", 2, "odd")).ok());
  Work work{"g.csv", 3, "b"};
  work.profile.emplace();
  (*work.profile->mutable_traits())["unknown"].set_int_value(7);
  ASSERT_TRUE(sender.Add(work).ok());
  ASSERT_TRUE(sender.Finish().ok());
  EXPECT_EQ(sender.counts().recorded, 1);
  EXPECT_EQ(sender.counts().refused, 2);
  EXPECT_THAT(refusals.told,
              ElementsAre("g.csv:3: profile.traits.unknown: no such trait", "f.csv:2: events[1].event.type: not now"));
}

TEST(Sender, GivesUpAfterItsAttemptsWithoutHangingItsCaller) {
  FakeTarget fake;
  Pauses pauses;
  fake.FailAlways(absl::UnavailableError("away"));
  Sender sender(fake.target(), pauses.options(2), nullptr);
  absl::Status status;
  for (int n = 0; n < 100'000 && status.ok(); ++n) status = sender.Add(EventOf(absl::StrCat("c", n % 7), n));
  if (status.ok()) status = sender.Finish();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  absl::MutexLock lock(&pauses.mutex);
  EXPECT_EQ(*std::max_element(pauses.taken.begin(), pauses.taken.end()), absl::Seconds(5));
  EXPECT_LE(fake.calls(), 24);
}

TEST(Sender, StopsAtOnceWhereRepeatingCannotHelp) {
  FakeTarget fake;
  Pauses pauses;
  fake.FailAlways(absl::FailedPreconditionError("no playbook"));
  Sender sender(fake.target(), pauses.options(1), nullptr);
  ASSERT_TRUE(sender.Add(EventOf("a", 1)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(sender.Finish()));
  EXPECT_EQ(fake.calls(), 1);
}

TEST(Sender, CanBeDroppedUnfinished) {
  FakeTarget fake;
  {
    Sender sender(fake.target(), {"shop", 2}, nullptr);
    ASSERT_TRUE(sender.Add(EventOf("a", 1)).ok());
  }
  EXPECT_THAT(fake.events(), IsEmpty());
}

}  // namespace
}  // namespace waymark::cli
