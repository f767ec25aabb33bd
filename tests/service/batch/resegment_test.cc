#include "service/batch/resegment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "service/batch/walk.h"
#include "service/store/batch_records.h"
#include "tests/support/store_calls.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using segmentation::NameIdOf;
using testing_support::GetNow;
using testing_support::Outage;
using testing_support::ReadNow;

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyer, when: 'ever("purchase") && days_since("purchase") <= 30'}]
journeys: [{name: shopping, preset: SIX_STAGES}]
)yaml";

constexpr int kCustomers = 4 * kPageSize + 600;  // five pages
constexpr int kBuyers = kCustomers / 3 + 1;

// One call, and what became of it.
class Call {
 public:
  Call(const Environment& environment, const ResegmentRequest& request, const PassOptions& options = {},
       std::function<void(const ResegmentProgress&, Cancellation&)> each = nullptr) {
    cancellation_ = Resegment(
        environment, request,
        [this, each](const ResegmentProgress& progress) {
          begun_.WaitForNotification();
          pages_.push_back(progress);
          if (each) each(progress, *cancellation_);
        },
        [this](absl::Status status) {
          status_ = std::move(status);
          done_.Notify();
        },
        options);
    begun_.Notify();
  }

  absl::Status Wait() {
    done_.WaitForNotification();
    return status_;
  }
  Cancellation& cancellation() { return *cancellation_; }
  // After Wait.
  const std::vector<ResegmentProgress>& pages() const { return pages_; }
  const ResegmentProgress& last() const { return pages_.back(); }

 private:
  std::shared_ptr<Cancellation> cancellation_;
  absl::Notification begun_;
  absl::Notification done_;
  std::vector<ResegmentProgress> pages_;
  absl::Status status_;
};

class ResegmentTest : public ::testing::Test {
 protected:
  ResegmentTest() {
    engine::RecordRequest request{.tenant = "shop"};
    for (int i = 0; i < kCustomers; ++i) {
      request.items.push_back({absl::StrCat("c", i), {.id = "1", .type = i % 3 == 0 ? "purchase" : "login"}});
    }
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
    options_.machine = [this] { return machine_.Now(); };
    options_.poll = absl::Milliseconds(1);
  }

  // Every profile is as the playbook says now.
  void ExpectEveryoneIs(bool buyers) {
    int members = 0;
    for (int i = 0; i < kCustomers; ++i) {
      const auto stored = LoadNow(world_.profiles, {"shop", absl::StrCat("c", i)});
      ASSERT_TRUE(stored.ok()) << stored.status();
      members += stored->profile.derived.segments == std::vector{NameIdOf("buyer")} ? 1 : 0;
    }
    EXPECT_EQ(members, buyers ? kBuyers : 0);
  }

  // The changes of the feed, by whether they are exits.
  size_t ExitsAnnounced() {
    const auto changes = ReadNow(world_.profiles, "shop", "0", 100'000);
    EXPECT_TRUE(changes.ok()) << changes.status();
    return static_cast<size_t>(std::count_if(changes->changes.begin(), changes->changes.end(),
                                             [](const auto& change) { return !change.left.empty(); }));
  }

  void LetAMonthPass() { world_.clock.Advance(absl::Hours(24 * 31)); }

  // Of the run that is stored.
  uint64_t RunId() {
    const auto record = engine::GetRecord(world_.records, "resegment/shop", testing_support::World::Deadline());
    EXPECT_TRUE(record.ok()) << record.status();
    const auto run = store::DecodeRun(record->value);
    EXPECT_TRUE(run.ok()) << run.status();
    return run->id;
  }

  testing_support::World world_{kPlaybook};
  testing_support::FakeClock machine_;
  Threads threads_{128};  // for three calls of one tenant with 16 workers
  const Environment environment_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  PassOptions options_;
  const ResegmentRequest request_{.tenant = "shop"};
};

TEST_F(ResegmentTest, WritesOnlyWhatChangedAndCountsEveryone) {
  const int before = world_.profiles.updates();
  Call call(environment_, request_);
  ASSERT_EQ(call.Wait(), absl::OkStatus());
  EXPECT_TRUE(call.last().done);
  EXPECT_EQ(call.last().profiles, kCustomers);
  EXPECT_EQ(call.last().changed, 0);
  EXPECT_EQ(call.last().estimated_total, kCustomers);
  EXPECT_EQ(world_.profiles.updates(), before);
  EXPECT_EQ(call.last().members, std::vector<int64_t>{kBuyers});
  EXPECT_EQ(call.last().customers[0][0], kCustomers - kBuyers);
  EXPECT_EQ(call.last().customers[0][3], kBuyers);
}

// "No purchase for 30 days" needs no event: it is right at the next question, and stored and announced by the next
// pass.
TEST_F(ResegmentTest, StoresAndAnnouncesATimeBasedExit) {
  EXPECT_TRUE(world_.Evaluate("c0")->segments[0].member);
  LetAMonthPass();
  EXPECT_FALSE(world_.Evaluate("c0")->segments[0].member);
  EXPECT_EQ(ExitsAnnounced(), 0u);
  Call call(environment_, request_);
  ASSERT_TRUE(call.Wait().ok());
  EXPECT_EQ(call.last().changed, kCustomers) << "everyone sheds the id of the event";
  EXPECT_TRUE(world_.GetProfile("c1")->profile.seen.empty());
  EXPECT_EQ(call.last().members, std::vector<int64_t>{0});
  ExpectEveryoneIs(false);
  EXPECT_EQ(ExitsAnnounced(), size_t{kBuyers});
  Call again(environment_, request_);
  ASSERT_TRUE(again.Wait().ok());
  EXPECT_EQ(again.last().changed, 0);
  EXPECT_EQ(ExitsAnnounced(), size_t{kBuyers});
}

TEST_F(ResegmentTest, ResumesWhereItWasCancelled) {
  LetAMonthPass();
  Call first(environment_, request_, options_,
             [](const ResegmentProgress&, Cancellation& cancellation) { cancellation.Cancel(); });
  EXPECT_EQ(first.Wait().code(), absl::StatusCode::kCancelled);
  const int64_t before = first.last().profiles;
  EXPECT_LT(before, kCustomers);
  Call second(environment_, request_, options_);
  ASSERT_TRUE(second.Wait().ok()) << "at once, though no time passed: what was claimed was given up";
  EXPECT_GT(second.pages().front().profiles, before);
  EXPECT_EQ(second.last().profiles, kCustomers);
  EXPECT_EQ(second.last().changed, kCustomers);
  EXPECT_EQ(second.last().members, std::vector<int64_t>{0});
}

TEST_F(ResegmentTest, ARunThatIsResumedIsTheSame) {
  Call first(environment_, request_, options_,
             [](const ResegmentProgress&, Cancellation& cancellation) { cancellation.Cancel(); });
  EXPECT_EQ(first.Wait().code(), absl::StatusCode::kCancelled);
  const uint64_t run = RunId();
  Call second(environment_, request_, options_);
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(RunId(), run);
}

TEST_F(ResegmentTest, BeginsAnewWhereItIsTold) {
  Call first(environment_, request_, options_,
             [](const ResegmentProgress&, Cancellation& cancellation) { cancellation.Cancel(); });
  EXPECT_EQ(first.Wait().code(), absl::StatusCode::kCancelled);
  const uint64_t run = RunId();
  Call second(environment_, {.tenant = "shop", .restart = true}, options_);
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(second.last().profiles, kCustomers);
  EXPECT_NE(RunId(), run);
}

TEST_F(ResegmentTest, BeginsAnewUnderAnotherPlaybook) {
  Call first(environment_, request_, options_,
             [](const ResegmentProgress&, Cancellation& cancellation) { cancellation.Cancel(); });
  EXPECT_EQ(first.Wait().code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(world_.Apply("shop", "segments: [{name: visitor, when: 'ever(\"login\")'}]").ok());
  Call second(environment_, request_, options_);
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(second.last().profiles, kCustomers);
  EXPECT_EQ(second.last().members, std::vector<int64_t>{kCustomers - kBuyers});
  EXPECT_EQ(second.last().changed, kCustomers) << "positions of the journey that is gone, too";
}

TEST_F(ResegmentTest, BeginsAnewUnderAnotherPopulation) {
  Call first(environment_, request_, options_,
             [](const ResegmentProgress&, Cancellation& cancellation) { cancellation.Cancel(); });
  EXPECT_EQ(first.Wait().code(), absl::StatusCode::kCancelled);
  const auto stored = engine::Await<engine::Playbooks::PopulationPointer>(
      [&](engine::Playbooks::Done<engine::Playbooks::PopulationPointer> done) {
        world_.playbooks.StorePopulation("shop", {.version = 1}, testing_support::World::Deadline(), std::move(done));
      });
  ASSERT_TRUE(stored.ok());
  const uint64_t run = RunId();
  Call second(environment_, request_, options_);
  ASSERT_TRUE(second.Wait().ok());
  EXPECT_EQ(second.last().profiles, kCustomers);
  EXPECT_NE(RunId(), run);
}

TEST_F(ResegmentTest, LeavesDamageAloneAndCountsIt) {
  world_.profiles.SetBytes({"shop", "c7"}, "garbage");
  Call call(environment_, request_);
  ASSERT_TRUE(call.Wait().ok());
  EXPECT_EQ(call.last().damaged, 1);
  EXPECT_EQ(call.last().profiles, kCustomers);
}

// Calls of two replicas, with several workers each: they share one run, and all of them hear its totals.
TEST_F(ResegmentTest, CallsShareARun) {
  engine::Playbooks other_playbooks(world_.records, world_.clock);
  Threads other_threads;
  const Environment other{world_.profiles, world_.records, other_playbooks, world_.clock, other_threads};
  while (!other_playbooks.Ready()) std::this_thread::yield();
  for (int workers : {1, 3, 16}) {
    LetAMonthPass();
    const ResegmentRequest request{.tenant = "shop", .workers = workers};
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < 3; ++i) {
      calls.push_back(std::make_unique<Call>(i % 2 == 0 ? environment_ : other, request, options_));
    }
    for (const std::unique_ptr<Call>& call : calls) {
      ASSERT_TRUE(call->Wait().ok());
      EXPECT_TRUE(call->last().done);
      EXPECT_EQ(call->last().profiles, kCustomers);
      EXPECT_EQ(call->last().members, std::vector<int64_t>{0});
    }
    ExpectEveryoneIs(false);
  }
  EXPECT_EQ(ExitsAnnounced(), size_t{kBuyers}) << "each once";
}

TEST_F(ResegmentTest, WorkersOfARunThatWasReplacedEnd) {
  absl::Notification at_work;
  absl::Notification replaced;
  Call first(environment_, request_, options_, [&](const ResegmentProgress&, Cancellation&) {
    if (!at_work.HasBeenNotified()) at_work.Notify();
    replaced.WaitForNotification();
  });
  at_work.WaitForNotification();
  Call second(environment_, {.tenant = "shop", .restart = true}, options_);
  EXPECT_TRUE(second.Wait().ok());
  EXPECT_EQ(second.last().profiles, kCustomers);
  replaced.Notify();
  EXPECT_EQ(first.Wait().code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(first.last().done);
}

// One whose lease ran out, because it hangs: its page is done by another, and counted once.
TEST_F(ResegmentTest, AHangingWorkersPagesAreTakenOverAndNotCountedTwice) {
  absl::Notification hangs;
  absl::Notification over;
  Call slow(environment_, request_, options_, [&](const ResegmentProgress&, Cancellation&) {
    if (!hangs.HasBeenNotified()) hangs.Notify();
    over.WaitForNotification();
  });
  hangs.WaitForNotification();
  machine_.Advance(absl::Seconds(61));
  Call other(environment_, request_, options_);
  ASSERT_TRUE(other.Wait().ok());
  EXPECT_EQ(other.last().profiles, kCustomers);
  EXPECT_EQ(other.last().members, std::vector<int64_t>{kBuyers});
  over.Notify();
  ASSERT_TRUE(slow.Wait().ok());
  EXPECT_EQ(slow.last().profiles, kCustomers);
  EXPECT_EQ(slow.last().members, std::vector<int64_t>{kBuyers});
}

// Killed at any operation of the store, done or not, the next call ends with everyone derived and counted once.
TEST_F(ResegmentTest, SurvivesAKillAtAnyStep) {
  int kills = 0;
  bool buyers = true;
  for (const bool answer_lost : {false, true}) {
    for (int step = 0;; ++step) {
      SCOPED_TRACE(absl::StrCat("killed at step ", step, answer_lost ? ", which was done" : ""));
      // Back and forth, so that each call has changes to write.
      buyers = !buyers;
      world_.clock.Advance(absl::Hours(24 * 31) * (buyers ? -1 : 1));
      auto outage = std::make_shared<Outage>(step, answer_lost);
      world_.profiles.SetOutage(outage);
      world_.records.SetOutage(outage);
      Call killed(environment_, {.tenant = "shop", .restart = true}, options_);
      const absl::Status status = killed.Wait();
      world_.profiles.SetOutage(nullptr);
      world_.records.SetOutage(nullptr);
      if (!outage->over()) {
        EXPECT_TRUE(status.ok()) << status;
        break;
      }
      ++kills;
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      machine_.Advance(absl::Seconds(61));
      Call next(environment_, request_, options_);
      ASSERT_TRUE(next.Wait().ok());
      ASSERT_EQ(next.last().profiles, kCustomers);
      ASSERT_EQ(next.last().members, std::vector<int64_t>{buyers ? kBuyers : 0});
      ASSERT_EQ(next.last().customers[0][0] + next.last().customers[0][3], kCustomers);
      // Steps of writing single profiles are all alike.
      if (step > 30 && step < kBuyers) step += 97;
    }
  }
  EXPECT_GT(kills, 100);
  ExpectEveryoneIs(buyers);
}

TEST_F(ResegmentTest, EndsWhereTheStoreIsAway) {
  world_.profiles.FailWith(absl::UnavailableError("away"));
  EXPECT_EQ(Call(environment_, request_).Wait().code(), absl::StatusCode::kUnavailable);
  world_.profiles.FailWith(absl::OkStatus());
  world_.records.FailWith(absl::DeadlineExceededError("stalled"));
  EXPECT_EQ(Call(environment_, request_).Wait().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ResegmentTest, RefusesWhatItCannotBegin) {
  EXPECT_EQ(Call(environment_, {.tenant = "nobody"}).Wait().code(), absl::StatusCode::kFailedPrecondition);
  for (int workers : {0, 17, -1}) {
    EXPECT_EQ(Call(environment_, {.tenant = "shop", .workers = workers}).Wait().code(),
              absl::StatusCode::kInvalidArgument);
  }
  Threads few(6);  // of which a tenant has half
  const Environment small{world_.profiles, world_.records, world_.playbooks, world_.clock, few};
  EXPECT_EQ(Call(small, {.tenant = "shop", .workers = 3}).Wait().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Call(small, {.tenant = "shop", .workers = 2}).Wait().ok());
}

TEST_F(ResegmentTest, EndsWhenTheServiceStops) {
  absl::Notification at_work;
  absl::Notification stopped;
  Call call(environment_, request_, options_, [&](const ResegmentProgress&, Cancellation&) {
    if (!at_work.HasBeenNotified()) at_work.Notify();
    stopped.WaitForNotification();
  });
  at_work.WaitForNotification();
  threads_.Stop();
  stopped.Notify();
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Call(environment_, request_).Wait().code(), absl::StatusCode::kUnavailable);
}

// A replica that has not heard of a newer playbook does not throw away the run of one that has.
TEST_F(ResegmentTest, LeavesARunWithANewerPlaybookAlone) {
  const store::RunState newer{.id = 5, .playbook_version = 99, .next = "c5"};
  ASSERT_TRUE(PutNow(world_.records, "resegment/shop", store::EncodeRun(newer), 0).ok());
  EXPECT_EQ(Call(environment_, request_).Wait().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*store::DecodeRun(GetNow(world_.records, "resegment/shop")->value), newer);
}

TEST_F(ResegmentTest, BeginsNoneAfterOneWithANewerPlaybook) {
  const store::RunState over{.id = 5, .playbook_version = 99, .exhausted = true};
  ASSERT_TRUE(PutNow(world_.records, "resegment/shop", store::EncodeRun(over), 0).ok());
  EXPECT_EQ(Call(environment_, request_).Wait().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*store::DecodeRun(GetNow(world_.records, "resegment/shop")->value), over);
  EXPECT_TRUE(Call(environment_, {.tenant = "shop", .restart = true}).Wait().ok()) << "unless it is told to";
}

TEST_F(ResegmentTest, EndsWhereANewerPlaybookComes) {
  LetAMonthPass();
  Call call(environment_, request_, options_, [&](const ResegmentProgress& progress, Cancellation&) {
    if (progress.playbook->version != 1 || world_.playbooks.Current("shop").value()->version != 1) return;
    EXPECT_TRUE(world_.Apply("shop", "segments: [{name: visitor, when: 'ever(\"login\")'}]").ok());
  });
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kAborted);
  EXPECT_LT(call.last().profiles, kCustomers);
}

TEST_F(ResegmentTest, DoesNotUndoWhatANewerPlaybookStored) {
  const segmentation::Derived newer{99, {NameIdOf("newer")}};
  const auto derived = [&](const std::string& customer) {
    return LoadNow(world_.profiles, {"shop", customer})->profile.derived;
  };
  segmentation::Profile profile = LoadNow(world_.profiles, {"shop", "c3"})->profile;
  profile.derived = newer;
  ASSERT_TRUE(UpdateNow(world_.profiles, {"shop", "c3"}, testing_support::Write(profile)).ok());
  LetAMonthPass();
  // And one between the reading and the writing of the first that is written.
  world_.profiles.InterfereOnce([&](segmentation::Profile& stored) { stored.derived = newer; });
  Call call(environment_, request_);
  ASSERT_TRUE(call.Wait().ok());
  EXPECT_EQ(call.last().profiles, kCustomers);
  EXPECT_EQ(derived("c3"), newer);
  EXPECT_EQ(derived("c0"), newer);
}

// What an event stored meanwhile is of a later time than the pass.
TEST_F(ResegmentTest, DoesNotUndoWhatAnEventStored) {
  const segmentation::Derived by_event{1, {NameIdOf("buyer")}};
  LetAMonthPass();
  world_.profiles.InterfereOnce([&](segmentation::Profile& stored) { stored.derived = by_event; });
  Call call(environment_, request_);
  ASSERT_TRUE(call.Wait().ok());
  EXPECT_EQ(LoadNow(world_.profiles, {"shop", "c0"})->profile.derived, by_event);
}

}  // namespace
}  // namespace waymark::batch
