#include "service/batch/members.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyer, when: 'ever("purchase") && days_since("purchase") <= 30'}]
)yaml";

class MembersTest : public ::testing::Test {
 protected:
  MembersTest() {
    engine::RecordRequest request{.tenant = "shop"};
    for (int i = 0; i < kPageSize + 100; ++i) {
      request.items.push_back({absl::StrCat("c", i), {.id = "1", .type = i % 3 == 0 ? "purchase" : "login"}});
    }
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
  }

  // The members; `pages` of them at most.
  absl::Status List(const std::string& segment, int pages = 1000) {
    members_.clear();
    absl::Notification done;
    absl::Status result;
    ListMembers(
        environment_, "shop", segment,
        [&](MembersPage page) {
          for (std::string& customer : page.customers) EXPECT_TRUE(members_.insert(std::move(customer)).second);
          progress_ = page.progress;
          return --pages > 0;
        },
        [&](absl::Status status) {
          result = std::move(status);
          done.Notify();
        });
    done.WaitForNotification();
    return result;
  }

  testing_support::World world_{kPlaybook};
  Threads threads_{8};  // a thread ends a moment after its work is done
  const Environment environment_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  std::set<std::string> members_;
  WalkProgress progress_;
};

TEST_F(MembersTest, AreThoseOfNow) {
  ASSERT_TRUE(List("buyer").ok());
  EXPECT_EQ(members_.size(), 700u);
  EXPECT_EQ(members_.count("c3"), 1u);
  EXPECT_EQ(members_.count("c4"), 0u);
  EXPECT_EQ(progress_.profiles, kPageSize + 100);
  world_.clock.Advance(absl::Hours(24 * 31));
  ASSERT_TRUE(List("buyer").ok());
  EXPECT_EQ(members_.size(), 0u) << "whatever is stored";
}

TEST_F(MembersTest, EndWhereNoMoreAreWanted) {
  EXPECT_EQ(List("buyer", 1).code(), absl::StatusCode::kCancelled);
  EXPECT_LT(progress_.profiles, kPageSize + 100);
}

TEST_F(MembersTest, OfNoSegmentAreEveryone) {
  ASSERT_TRUE(List("").ok());
  EXPECT_EQ(members_.size(), kPageSize + 100u);
  EXPECT_EQ(progress_.profiles, kPageSize + 100);
  EXPECT_EQ(progress_.estimated_total, kPageSize + 100);
  EXPECT_EQ(world_.profiles.loads(), 0) << "whose profiles are not read";
  EXPECT_EQ(List("", 1).code(), absl::StatusCode::kCancelled);
  world_.profiles.FailWith(absl::UnavailableError("away"));
  EXPECT_EQ(List("").code(), absl::StatusCode::kUnavailable);
}

TEST_F(MembersTest, NeedASegmentAndAThread) {
  EXPECT_EQ(List("nobody").code(), absl::StatusCode::kNotFound);
  threads_.Stop();
  EXPECT_EQ(List("buyer").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace waymark::batch
