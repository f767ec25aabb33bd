#include "service/batch/walk.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/fake_store.h"
#include "tests/support/store_calls.h"

namespace waymark::batch {
namespace {

using store::StoredProfile;

class WalkTest : public ::testing::Test {
 protected:
  void Create(int customers) {
    for (int i = 0; i < customers; ++i) {
      ASSERT_TRUE(UpdateNow(store_, {"shop", absl::StrCat("c", i)}, testing_support::Write({})).ok());
    }
  }

  absl::Status WalkAll(absl::FunctionRef<void(const std::string&)> look = [](const std::string&) {}) {
    return Walk(
        store_, "shop", cancellation_,
        [&](const std::string& customer, const StoredProfile& stored) {
          EXPECT_EQ(stored.revision, 1u);
          EXPECT_TRUE(seen_.insert(customer).second) << "twice";
          look(customer);
        },
        [&](const WalkProgress& progress) {
          ++pages_;
          progress_ = progress;
          return absl::OkStatus();
        });
  }

  testing_support::FakeProfileStore store_;
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  std::set<std::string> seen_;
  WalkProgress progress_;
  int pages_ = 0;
};

TEST_F(WalkTest, SeesEveryoneOnce) {
  Create(2 * kPageSize + 5);
  ASSERT_TRUE(UpdateNow(store_, {"other", "x"}, testing_support::Write({})).ok());
  ASSERT_TRUE(WalkAll().ok());
  EXPECT_EQ(seen_.size(), 2u * kPageSize + 5);
  EXPECT_EQ(seen_.count("x"), 0u);
  EXPECT_EQ(progress_.profiles, 2 * kPageSize + 5);
  EXPECT_EQ(progress_.estimated_total, 2 * kPageSize + 5);
  EXPECT_EQ(progress_.damaged, 0);
  EXPECT_EQ(pages_, 3);
}

TEST_F(WalkTest, NobodyIsOnePage) {
  ASSERT_TRUE(WalkAll().ok());
  EXPECT_EQ(pages_, 1);
  EXPECT_EQ(progress_.profiles, 0);
}

TEST_F(WalkTest, CountsWhatIsDamaged) {
  Create(10);
  store_.SetBytes({"shop", "c3"}, "garbage");
  ASSERT_TRUE(WalkAll().ok());
  EXPECT_EQ(seen_.size(), 9u);
  EXPECT_EQ(progress_.profiles, 10);
  EXPECT_EQ(progress_.damaged, 1);
}

TEST_F(WalkTest, EndsWithTheErrorOfItsCaller) {
  Create(10);
  const absl::Status status = Walk(
      store_, "shop", cancellation_, [](const std::string&, const StoredProfile&) {},
      [](const WalkProgress&) { return absl::AbortedError("enough"); });
  EXPECT_EQ(status, absl::AbortedError("enough"));
}

TEST_F(WalkTest, EndsWhenItIsCancelled) {
  Create(kPageSize);
  const absl::Status status = WalkAll([&](const std::string&) { cancellation_->Cancel(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_LT(seen_.size(), size_t{kPageSize});
}

TEST_F(WalkTest, EndsWhereTheStoreIsAway) {
  store_.FailWith(absl::UnavailableError("away"));
  EXPECT_EQ(WalkAll().code(), absl::StatusCode::kUnavailable);
}

// A call that is never answered does not hold up whoever is cancelled.
TEST(PendingTest, WakesWhenItIsCancelled) {
  auto cancellation = std::make_shared<Cancellation>();
  Pending<int>::Done unanswered;
  Pending<int> pending(cancellation, [&](absl::Time, Pending<int>::Done done) { unanswered = std::move(done); });
  absl::StatusOr<int> answer = 0;
  std::thread waiter([&] { answer = pending.Take(); });
  cancellation->Cancel();
  waiter.join();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kCancelled);
  unanswered(1);  // too late, and harmless
}

TEST(PendingTest, ADeadlineIsAStoreThatIsAway) {
  Pending<int> pending(std::make_shared<Cancellation>(), [&](absl::Time deadline, Pending<int>::Done done) {
    EXPECT_GT(deadline, absl::Now());
    done(absl::DeadlineExceededError("late"));
  });
  EXPECT_EQ(pending.Take().status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace waymark::batch
