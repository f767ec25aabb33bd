#include "service/batch/resegment.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using segmentation::NameIdOf;

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyer, when: 'ever("purchase") && days_since("purchase") <= 30'}]
journeys: [{name: shopping, preset: SIX_STAGES}]
)yaml";

class ResegmentTest : public ::testing::Test {
 protected:
  ResegmentTest() {
    engine::RecordRequest request{.tenant = "shop"};
    for (int i = 0; i < 1200; ++i) {
      request.items.push_back({absl::StrCat("c", i), {.id = "1", .type = i % 3 == 0 ? "purchase" : "login"}});
    }
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
  }

  // Runs to the end, or until `stop_after` pages.
  absl::Status Run(bool restart = false, int stop_after = 1000) {
    pages_.clear();
    absl::Status result;
    absl::Notification done;
    absl::Notification begun;
    std::shared_ptr<ResegmentRun> run;
    run = Resegment(
        world_.profiles, world_.records, world_.playbooks, world_.clock, "shop", restart,
        [&](const ResegmentProgress& progress) {
          begun.WaitForNotification();
          pages_.push_back(progress);
          if (static_cast<int>(pages_.size()) == stop_after) run->Cancel();
        },
        [&](absl::Status status) {
          result = status;
          done.Notify();
        });
    begun.Notify();
    done.WaitForNotification();
    return result;
  }

  testing_support::World world_{kPlaybook};
  std::vector<ResegmentProgress> pages_;
};

TEST_F(ResegmentTest, WritesOnlyWhatChangedAndCountsEveryone) {
  const int before = world_.profiles.updates();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(pages_.back().profiles, 1200);
  EXPECT_EQ(pages_.back().changed, 0);
  EXPECT_EQ(world_.profiles.updates(), before);
  EXPECT_TRUE(pages_.back().done);
  EXPECT_EQ(pages_.back().members, std::vector<int64_t>{400});
  EXPECT_EQ(pages_.back().customers[0][0], 800);
  EXPECT_EQ(pages_.back().customers[0][3], 400);
}

TEST_F(ResegmentTest, StoresATimeBasedExit) {
  world_.clock.Advance(absl::Hours(24 * 31));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(pages_.back().changed, 400);
  EXPECT_EQ(pages_.back().members, std::vector<int64_t>{0});
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(pages_.back().changed, 0);
}

TEST_F(ResegmentTest, ResumesWhereItStopped) {
  world_.clock.Advance(absl::Hours(24 * 31));
  EXPECT_EQ(Run(false, 1).code(), absl::StatusCode::kCancelled);
  const int64_t first_page = pages_.back().profiles;
  ASSERT_TRUE(Run().ok());
  EXPECT_GT(pages_.front().profiles, first_page);
  EXPECT_EQ(pages_.back().profiles, 1200);
  EXPECT_EQ(pages_.back().changed, 400);
  EXPECT_EQ(pages_.back().members, std::vector<int64_t>{0});
  EXPECT_EQ(Run(false, 1).code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(Run(true).ok());
  EXPECT_EQ(pages_.front().profiles, first_page) << "restart begins at the beginning";
}

TEST_F(ResegmentTest, BeginsAgainUnderAnotherPlaybook) {
  EXPECT_EQ(Run(false, 1).code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(world_.Apply("shop", "segments: [{name: visitor, when: 'ever(\"login\")'}]").ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(pages_.back().profiles, 1200);
  EXPECT_EQ(pages_.back().members, std::vector<int64_t>{800});
  EXPECT_EQ(pages_.back().changed, 1200) << "positions of the journey that is gone, too";
}

TEST_F(ResegmentTest, LeavesDamageAloneAndCountsIt) {
  world_.profiles.SetBytes({"shop", "c7"}, "garbage");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(pages_.back().damaged, 1);
  EXPECT_EQ(pages_.back().profiles, 1200);
}

TEST_F(ResegmentTest, FailsClearlyWithoutAStoreOrAPlaybook) {
  world_.profiles.FailWith(absl::UnavailableError("away"));
  EXPECT_EQ(Run().code(), absl::StatusCode::kUnavailable);
  absl::Notification done;
  Resegment(
      world_.profiles, world_.records, world_.playbooks, world_.clock, "nobody", false, [](const ResegmentProgress&) {},
      [&](absl::Status status) {
        EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
        done.Notify();
      });
  done.WaitForNotification();
}

}  // namespace
}  // namespace waymark::batch
