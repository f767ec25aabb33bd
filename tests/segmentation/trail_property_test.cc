// What a profile keeps of a customer's touches, scores and comments, against a plain list of the events, however they
// arrive: late, out of order, twice, many at one moment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/fold.h"

namespace waymark::segmentation {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1780000000);

const NameId kTypes[] = {NameIdOf("nps"), NameIdOf("csat"), NameIdOf("purchase"), NameIdOf("complaint")};

class Draws {
 public:
  explicit Draws(uint64_t seed) : random_(seed) {}
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }
  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
};

// `moments`: how many different times there are; few of them have several events each. Scores and texts have times of
// their own, because of two at one moment either may be the newest.
std::vector<Event> DrawEvents(Draws& draws, int count, int moments) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    Event event{.id = absl::StrCat("e", i),
                .type = kTypes[draws.Below(4)],
                .time = kStart + absl::Seconds(draws.Below(moments)),
                .value_micros = draws.Below(10) * int64_t{1'000'000}};
    const int place = draws.Below(40);
    if (place < 30) event.touchpoint = NameIdOf(absl::StrCat("web/", place));
    if (place < 20) event.touchpoint_name = absl::StrCat("web/", place);  // the others are declared
    if (draws.Below(5) == 0) event.action = NameIdOf("voucher");
    const bool apart = event.type == kTypes[0] || event.type == kTypes[1] || event.type == kTypes[3];
    if (apart) event.time += absl::Milliseconds(1 + i);
    event.is_score = event.type == kTypes[0] || event.type == kTypes[1];
    if (event.type == kTypes[3]) event.text = absl::StrCat("text ", i);
    if (apart && draws.Below(3) == 0) event.sentiment = draws.Below(201) - 100;
    events.push_back(std::move(event));
  }
  return events;
}

auto KeyOf(const Touch& touch) {
  return std::make_tuple(touch.at, touch.type, touch.touchpoint, touch.value_micros, touch.action,
                         touch.sentiment.value_or(-1000));
}

// Touches of one moment are in the order of their receipt, which is no property of the events.
std::vector<Touch> Sorted(std::vector<Touch> touches) {
  std::sort(touches.begin(), touches.end(), [](const Touch& a, const Touch& b) { return KeyOf(a) < KeyOf(b); });
  return touches;
}

// The definition: the newest moments whose events are 256 at most all together.
absl::Time TrailFrom(const std::vector<Event>& all) {
  std::map<absl::Time, size_t> events_at;
  for (const Event& event : all) ++events_at[event.time];
  size_t kept = 0;
  for (auto it = events_at.rbegin(); it != events_at.rend(); ++it) {
    kept += it->second;
    if (kept > Trail::kMaxTouches) return it->first;
  }
  return absl::InfinitePast();
}

void ExpectTrail(const Profile& profile, const std::vector<Event>& all) {
  const absl::Time from = TrailFrom(all);
  std::vector<Touch> touches;
  std::map<NameId, std::string> names;
  std::map<absl::Time, std::string> comments;
  for (const Event& event : all) {
    if (!event.text.empty()) comments.emplace(event.time, event.text);
    if (event.time <= from) continue;
    touches.push_back({event.time, event.type, event.touchpoint, event.value_micros, event.action, event.sentiment});
    if (!event.touchpoint_name.empty()) names.emplace(event.touchpoint, event.touchpoint_name);
  }
  while (comments.size() > Trail::kMaxComments) comments.erase(comments.begin());
  while (!comments.empty() && comments.begin()->first <= from) comments.erase(comments.begin());
  const Trail& trail = profile.trail;
  EXPECT_EQ(trail.from, from);
  ASSERT_EQ(Sorted(trail.touches), Sorted(touches));
  EXPECT_TRUE(std::is_sorted(trail.touches.begin(), trail.touches.end(),
                             [](const Touch& a, const Touch& b) { return a.at < b.at; }));
  std::map<NameId, std::string> kept_names;
  for (const Trail::Name& name : trail.names) kept_names.emplace(name.touchpoint, name.text);
  EXPECT_EQ(kept_names, names);
  std::map<absl::Time, std::string> kept_comments;
  for (const Trail::Comment& comment : trail.comments) kept_comments.emplace(comment.at, comment.text);
  EXPECT_EQ(kept_comments, comments);
}

void ExpectScores(const Profile& profile, const std::vector<Event>& all) {
  std::map<NameId, Score> newest;
  const auto take = [&newest](Score score) {
    Score& known = newest.try_emplace(score.type, score).first->second;
    if (score.at >= known.at) known = score;
  };
  for (const Event& event : all) {
    if (event.is_score) take({event.type, event.time, event.value_micros});
    if (event.sentiment.has_value()) take({kSentiment, event.time, *event.sentiment * int64_t{10'000}});
  }
  std::vector<Score> expected;
  for (const auto& [type, score] : newest) expected.push_back(score);
  EXPECT_EQ(profile.scores, expected);
}

TEST(TrailProperty, KeepsTheNewestHoweverTheyArrive) {
  Draws draws(1);
  const struct {
    int count;
    int moments;
  } kShapes[] = {{40, 1000}, {40, 5}, {256, 1000}, {300, 1000}, {300, 40}, {600, 30}, {600, 3}, {700, 100'000}};
  int cut = 0;
  for (const auto& shape : kShapes) {
    for (int round = 0; round < 6; ++round) {
      std::vector<Event> all = DrawEvents(draws, shape.count, shape.moments);
      std::vector<Event> arriving = all;
      for (int i = 0; i < shape.count / 5; ++i) arriving.push_back(all[static_cast<size_t>(draws.Below(shape.count))]);
      std::shuffle(arriving.begin(), arriving.end(), draws.random());
      Profile profile;
      int recorded = 0;
      for (const Event& event : arriving) {
        recorded += Fold(profile, event, kStart + absl::Hours(100)) ? 1 : 0;
        ASSERT_LE(profile.trail.touches.size(), Trail::kMaxTouches);
        ASSERT_LE(profile.trail.names.size(), Trail::kMaxNames);
        ASSERT_LE(profile.trail.comments.size(), Trail::kMaxComments);
      }
      ASSERT_EQ(recorded, shape.count);
      ExpectTrail(profile, all);
      ExpectScores(profile, all);
      cut += profile.trail.from > absl::InfinitePast() ? 1 : 0;
    }
  }
  EXPECT_GT(cut, 15) << "the test shows little";
}

TEST(TrailProperty, MoreUndeclaredTouchpointsThanAreKeptLoseTheirNamesAndNothingElse) {
  Profile profile;
  for (int i = 0; i < 200; ++i) {
    const std::string name = absl::StrCat("web/", i);
    Fold(profile,
         {.id = name, .time = kStart + absl::Seconds(i), .touchpoint = NameIdOf(name), .touchpoint_name = name},
         kStart);
  }
  EXPECT_EQ(profile.trail.touches.size(), 200u);
  EXPECT_EQ(profile.trail.names.size(), Trail::kMaxNames);
  std::set<NameId> touchpoints;
  for (const Touch& touch : profile.trail.touches) touchpoints.insert(touch.touchpoint);
  EXPECT_EQ(touchpoints.size(), 200u);
}

}  // namespace
}  // namespace waymark::segmentation
