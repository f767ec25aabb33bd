#include "service/journey/timeline_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/fold.h"
#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;
using ::testing::ElementsAre;
using testing_support::MustCompile;

absl::Time At(int minute) { return absl::FromUnixSeconds(1780000000) + absl::Minutes(minute); }

class TimelinePageTest : public ::testing::Test {
 protected:
  void Did(int minute, int number) {
    segmentation::Fold(
        profile_, {.id = absl::StrCat("e", number), .time = At(minute), .value_micros = number, .text = "x"}, At(0));
  }
  void Saw(int minute, uint64_t decision) {
    profile_.contacts.push_back({NameIdOf("voucher"), NameIdOf("web"), At(minute), decision});
  }
  void Came(const char* stage, int minute) {
    if (position_.current.stage != segmentation::NameId{}) position_.history.push_back(position_.current);
    position_.current = {NameIdOf(stage), At(minute)};
  }
  std::vector<TimelineEntry> Timeline() const { return TimelineOf(playbook_->journeys[0], position_, profile_); }

  // "t5" for the touch of that number, "s5" for the contact of that decision, "m5" for a move at that minute.
  static std::string NameOf(const TimelineEntry& entry) {
    if (entry.touch != nullptr) return absl::StrCat("t", entry.touch->value_micros);
    if (entry.shown != nullptr) return absl::StrCat("s", entry.shown->decision);
    return absl::StrCat("m", absl::ToInt64Minutes(entry.time - At(0)));
  }
  static std::vector<std::string> NamesOf(const std::vector<TimelineEntry>& entries) {
    std::vector<std::string> names;
    for (const TimelineEntry& entry : entries) names.push_back(NameOf(entry));
    return names;
  }

  const std::shared_ptr<const playbook::Playbook> playbook_ = MustCompile("journeys: [{name: j, preset: SIX_STAGES}]");
  Profile profile_;
  segmentation::JourneyPosition position_;
};

TEST_F(TimelinePageTest, GivesTheNewestFirst) {
  Came("awareness", 0);
  Did(1, 1);
  Did(1, 2);
  Saw(1, 1);
  Came("interest", 1);
  TimelinePage page = PageOf(Timeline(), absl::nullopt, 100);
  EXPECT_THAT(NamesOf(page.entries), ElementsAre("m1", "t2", "t1", "s1", "m0"));
  EXPECT_EQ(page.end, absl::nullopt);
  page = PageOf(Timeline(), absl::nullopt, 2);
  EXPECT_THAT(NamesOf(page.entries), ElementsAre("m1", "t2"));
  page = PageOf(Timeline(), page.end, 2);
  EXPECT_THAT(NamesOf(page.entries), ElementsAre("t1", "s1"));
  page = PageOf(Timeline(), page.end, 2);
  EXPECT_THAT(NamesOf(page.entries), ElementsAre("m0"));
  EXPECT_EQ(page.end, absl::nullopt);
}

TEST_F(TimelinePageTest, AFullLastPageIsTheLast) {
  Came("awareness", 0);
  Did(1, 1);
  EXPECT_EQ(PageOf(Timeline(), absl::nullopt, 2).end, absl::nullopt);
  EXPECT_TRUE(PageOf({}, absl::nullopt, 2).entries.empty());
}

TEST_F(TimelinePageTest, WhatComesBetweenPagesDoesNotMoveThem) {
  Came("awareness", 0);
  for (int i = 1; i <= 4; ++i) Did(5, i);
  const TimelinePage first = PageOf(Timeline(), absl::nullopt, 2);
  EXPECT_THAT(NamesOf(first.entries), ElementsAre("t4", "t3"));
  Did(5, 5);  // at the same moment
  Did(9, 6);
  Did(2, 7);  // late
  Saw(5, 1);
  Came("interest", 9);
  const TimelinePage second = PageOf(Timeline(), first.end, 100);
  EXPECT_THAT(NamesOf(second.entries), ElementsAre("t2", "t1", "s1", "t7", "m0"));
}

// Pages of any size, with events coming in between: all that was there in the beginning comes exactly once.
TEST_F(TimelinePageTest, EachEntryComesOnceWhateverComesBetween) {
  std::mt19937 random(1);
  const auto below = [&random](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  for (int round = 0; round < 100; ++round) {
    profile_ = {};
    position_ = {};
    int number = 0;
    for (int i = below(40); i >= 0; --i) Did(below(20), ++number);
    for (int i = 0; i < 20; i += 1 + below(8)) Came(i % 2 == 0 ? "awareness" : "purchase", i);
    for (int i = 0; i < 20; i += 1 + below(8)) Saw(i, static_cast<uint64_t>(i));
    const std::vector<TimelineEntry> in_the_beginning = Timeline();
    std::multiset<std::string> expected;
    for (const TimelineEntry& entry : in_the_beginning) expected.insert(NameOf(entry));
    const int last = number;
    std::multiset<std::string> given;
    absl::optional<TimelinePlace> end;
    do {
      const TimelinePage page = PageOf(Timeline(), end, static_cast<size_t>(1 + below(7)));
      for (const TimelineEntry& entry : page.entries) {
        if (entry.touch == nullptr || entry.touch->value_micros <= last) given.insert(NameOf(entry));
      }
      end = page.end;
      for (int i = below(3); i > 0; --i) Did(below(25), ++number);
    } while (end.has_value());
    ASSERT_EQ(given, expected) << round;
  }
}

TEST(TimelinePlaceTest, GoesThroughText) {
  for (const TimelinePlace& place :
       {TimelinePlace{At(3), 3, 0}, TimelinePlace{absl::UnixEpoch(), 0, 255},
        TimelinePlace{absl::FromUnixMillis(-1), 1, 7}, TimelinePlace{absl::FromUnixMillis(253402300799999), 2, 1}}) {
    EXPECT_EQ(DecodePlace(EncodePlace(place, 17), 17), place);
  }
}

TEST(TimelinePlaceTest, RefusesWhatIsNoneOrOfAnotherRequest) {
  const std::string text = EncodePlace({At(3), 2, 1}, 17);
  EXPECT_EQ(DecodePlace(text, 18), absl::nullopt);
  EXPECT_EQ(DecodePlace("", 17), absl::nullopt);
  EXPECT_EQ(DecodePlace("\xff\xfe", 17), absl::nullopt);
  EXPECT_EQ(DecodePlace(std::string(100'000, 'A'), 17), absl::nullopt);
  EXPECT_EQ(DecodePlace(text + text, 17), absl::nullopt);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(DecodePlace(damaged, 17), absl::nullopt) << i;
    EXPECT_EQ(DecodePlace(text.substr(0, i), 17), absl::nullopt) << i;
  }
}

}  // namespace
}  // namespace waymark::journey
