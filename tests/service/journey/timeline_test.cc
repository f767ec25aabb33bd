#include "service/journey/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::Contact;
using segmentation::JourneyPosition;
using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Profile;
using segmentation::Touch;
using testing_support::MustCompile;

absl::Time At(int minute) { return absl::FromUnixSeconds(1780000000) + absl::Minutes(minute); }

class TimelineTest : public ::testing::Test {
 protected:
  const playbook::Journey& journey() const { return playbook_->journeys[0]; }

  void Did(const char* type, int minute) {
    profile_.trail.touches.push_back({.at = At(minute), .type = NameIdOf(type)});
  }
  void Saw(const char* action, int minute, const char* channel = "web") {
    profile_.contacts.push_back({NameIdOf(action), channel == nullptr ? NameId{} : NameIdOf(channel), At(minute), 7});
  }
  // "5:awareness:view_item" for each entry; of a move "6:awareness>interest".
  std::string Timeline() const {
    const auto name = [&](int stage) { return stage == playbook::kNone ? "?" : journey().stages[stage].name; };
    std::vector<std::string> texts;
    for (const TimelineEntry& entry : TimelineOf(journey(), position_, profile_)) {
      std::string what;
      if (entry.move.has_value()) {
        what = absl::StrCat(entry.move->begins ? "" : name(entry.move->from), ">", name(entry.move->to));
        EXPECT_TRUE(entry.move->begins || entry.stage == entry.move->from);
      } else if (entry.touch != nullptr) {
        what = absl::StrCat(name(entry.stage), ":", NameOfType(entry.touch->type));
      } else {
        what = absl::StrCat(name(entry.stage), ":shown");
      }
      if (!entry.text.empty()) absl::StrAppend(&what, "=", entry.text);
      texts.push_back(absl::StrCat(absl::ToInt64Minutes(entry.time - At(0)), ":", what));
    }
    return absl::StrJoin(texts, " ");
  }
  std::string NameOfType(NameId type) const { return std::string(playbook::NameOf(*playbook_, type)); }

  const std::shared_ptr<const playbook::Playbook> playbook_ = MustCompile("journeys: [{name: j, preset: SIX_STAGES}]");
  Profile profile_;
  JourneyPosition position_;
};

TEST_F(TimelineTest, OrdersWhatHappenedAtOneMoment) {
  position_.history = {{NameIdOf("awareness"), At(1)}};
  position_.current = {NameIdOf("interest"), At(3)};
  Did("view_item", 1);
  Did("search", 3);
  Did("purchase", 4);
  Saw("offer", 3);
  EXPECT_EQ(Timeline(),
            "1:>awareness 1:awareness:view_item 3:awareness:shown 3:awareness:search 3:awareness>interest "
            "4:interest:purchase");
}

TEST_F(TimelineTest, BeginsWhereTheJourneyDid) {
  position_.current = {NameIdOf("interest"), At(3)};
  EXPECT_EQ(Timeline(), "3:>interest") << "nothing else is kept";
  Did("search", 1);
  Saw("offer", 2);
  EXPECT_EQ(Timeline(), "1:interest:search 2:interest:shown 3:>interest");
  Saw("offer", 9);
  EXPECT_EQ(Timeline(), "1:interest:search 2:interest:shown 3:>interest 9:interest:shown");
}

TEST_F(TimelineTest, DoesNotKnowWhereTheFirstKeptStayCameFrom) {
  position_.forgotten = {{NameIdOf("awareness"), 4}};
  position_.history = {{NameIdOf("gone_stage"), At(1)}};
  position_.current = {NameIdOf("purchase"), At(3)};
  Did("purchase", 3);
  EXPECT_EQ(Timeline(), "3:?:purchase 3:?>purchase");
  const auto entries = TimelineOf(journey(), position_, profile_);
  EXPECT_EQ(entries.back().move->dwelt, absl::Minutes(2));
}

TEST_F(TimelineTest, LeavesOutWhatStandsBesideOthersForRetries) {
  position_.current = {NameIdOf("awareness"), At(0)};
  Saw("offer", 1, nullptr);
  EXPECT_EQ(Timeline(), "0:>awareness");
}

TEST_F(TimelineTest, HasTheTextOfEachTouch) {
  position_.current = {NameIdOf("awareness"), At(0)};
  for (int i = 0; i < 2; ++i) Did("contact_support", 5);
  Did("page_view", 5);
  Did("contact_support", 6);
  profile_.trail.comments = {{At(4), NameIdOf("contact_support"), "of a touch that is gone"},
                             {At(5), NameIdOf("contact_support"), "one"},
                             {At(5), NameIdOf("contact_support"), "two"}};
  EXPECT_EQ(Timeline(),
            "0:>awareness 5:awareness:contact_support=one 5:awareness:contact_support=two 5:awareness:page_view "
            "6:awareness:contact_support");
}

TEST_F(TimelineTest, IsInOrderHoweverManyThereAre) {
  uint64_t random = 1;
  const auto next = [&random](int n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((random >> 33) % n);
  };
  for (int round = 0; round < 200; ++round) {
    profile_ = {};
    position_ = {};
    std::vector<int> times(next(10) + 1);
    for (int& time : times) time = next(30);
    std::sort(times.begin(), times.end());
    for (int time : times) position_.history.push_back({NameIdOf(time % 2 == 0 ? "awareness" : "purchase"), At(time)});
    position_.current = position_.history.back();
    position_.history.pop_back();
    const int touches = next(20);
    for (int i = 0; i < touches; ++i) Did("search", i * 2);
    const int contacts = next(5);
    for (int i = 0; i < contacts; ++i) Saw("offer", i * 7);
    const std::vector<TimelineEntry> entries = TimelineOf(journey(), position_, profile_);
    EXPECT_EQ(entries.size(), times.size() + touches + contacts);
    EXPECT_TRUE(
        std::is_sorted(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.time < b.time; }));
  }
}

}  // namespace
}  // namespace waymark::journey
