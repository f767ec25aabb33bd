#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/field_error.h"
#include "service/engine/engine.h"
#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using segmentation::NameIdOf;
using ::testing::ElementsAre;

constexpr absl::string_view kPlaybook = R"yaml(
channels: [{name: web}]
touchpoints: [{name: web/help}]
keep_text: [complaint]
segments:
  - {name: detractors, when: nps <= 6}
  - {name: unhappy, when: sentiment < 0.0 && csat < 3}
  - {name: returning, when: stage_visits >= 2}
journeys:
  - {name: shopping, preset: SIX_STAGES}
  - {name: care, stages: [{name: calm, goal: Stay calm}, {name: heard, enter_when: 'ever("complaint")'}]}
)yaml";

class EngineJourneyTest : public ::testing::Test {
 protected:
  void Record(SentEvent event, const char* customer = "anna") {
    event.id = absl::StrCat("e", ++events_);
    const auto answer = world_.Record({"shop", {{customer, std::move(event)}}});
    ASSERT_TRUE(answer.ok() && answer->items[0].status.ok()) << answer->items[0].status;
  }
  void Browse(int events) {
    for (int i = 0; i < events; ++i)
      Record({.type = "page_view", .time = world_.clock.Now() - absl::Minutes(events - i)});
  }
  absl::StatusOr<JourneyAnswer> Get(JourneyRequest request) {
    request.tenant = "shop";
    if (request.customer.empty()) request.customer = "anna";
    return world_.GetJourney(std::move(request));
  }

  testing_support::World world_{kPlaybook};
  int events_ = 0;
};

TEST_F(EngineJourneyTest, ShowsWhatTheCustomerDidFeltAndWrote) {
  const auto ago = [this](int minutes) { return world_.clock.Now() - absl::Minutes(minutes); };
  Record({.type = "search", .time = ago(3), .touchpoint = "web/seek"});
  Record({.type = "complaint", .time = ago(2), .touchpoint = "web/help", .sentiment = -0.5, .text = "Late"});
  Record({.type = "contact_support", .time = ago(1), .text = "Nobody keeps this"});
  const auto answer = Get({.journey = "care"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->playbook->journeys[static_cast<size_t>(answer->journey)].name, "care");
  EXPECT_EQ(answer->position.current.stage, NameIdOf("heard"));
  std::vector<std::string> texts;
  std::vector<segmentation::NameId> touchpoints;
  int moves = 0;
  for (const journey::TimelineEntry& entry : answer->entries) {
    if (entry.move.has_value()) ++moves;
    if (entry.touch == nullptr) continue;
    texts.emplace_back(entry.text);
    touchpoints.push_back(entry.touch->touchpoint);
  }
  EXPECT_THAT(texts, ElementsAre("", "Late", ""));
  EXPECT_THAT(touchpoints, ElementsAre(segmentation::NameId{}, NameIdOf("web/help"), NameIdOf("web/seek")));
  EXPECT_EQ(moves, 2);
  ASSERT_EQ(answer->profile->trail.names.size(), 1u);
  EXPECT_EQ(answer->profile->trail.names[0].text, "web/seek");
}

TEST_F(EngineJourneyTest, TextsAreKeptAsLongAsThePlaybookSaysSo) {
  Record({.type = "complaint", .text = "Late"});
  const auto texts = [this] {
    const auto answer = Get({});
    int count = 0;
    for (const journey::TimelineEntry& entry : answer->entries) count += entry.text.empty() ? 0 : 1;
    return count;
  };
  EXPECT_EQ(texts(), 1);
  ASSERT_TRUE(world_.Apply("shop", "journeys: [{name: shopping, preset: SIX_STAGES}]").ok());
  EXPECT_EQ(texts(), 0);
  Record({.type = "search"});
  ASSERT_TRUE(world_.Apply("shop", kPlaybook).ok());
  EXPECT_EQ(texts(), 0) << "the next event took it out of the store";
}

TEST_F(EngineJourneyTest, ScoresDecideWhoIsInASegment) {
  const auto segments = [this] { return world_.GetProfile("anna")->profile.derived.segments; };
  Record({.type = "nps", .value_micros = 3'000'000, .is_number = true});
  EXPECT_THAT(segments(), ElementsAre(NameIdOf("detractors")));
  Record({.type = "nps", .value_micros = 9'000'000, .is_number = true});
  EXPECT_THAT(segments(), ElementsAre());
  Record({.type = "csat", .value_micros = 2'000'000, .is_number = true});
  Record({.type = "search", .sentiment = -0.1});
  EXPECT_THAT(segments(), ElementsAre(NameIdOf("unhappy")));
}

TEST_F(EngineJourneyTest, PagesStayWhereTheyAreWhileEventsComeIn) {
  Browse(10);
  JourneyRequest request{.page_size = 4};
  std::vector<absl::Time> times;
  int pages = 0;
  do {
    const auto page = Get(request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LE(page->entries.size(), 4u);
    for (const journey::TimelineEntry& entry : page->entries) {
      if (entry.touch != nullptr) times.push_back(entry.time);
    }
    request.page_token = page->next_page_token;
    Record({.type = "search"});
  } while (!request.page_token.empty() && ++pages < 100);
  EXPECT_EQ(times.size(), 10u) << "none twice, and none of those that came meanwhile";
  EXPECT_TRUE(std::is_sorted(times.rbegin(), times.rend()));
}

TEST_F(EngineJourneyTest, RefusesTokensOfOtherRequests) {
  Browse(5);
  Record({.type = "page_view"}, "ben");
  const std::string token = Get({.page_size = 2})->next_page_token;
  ASSERT_FALSE(token.empty());
  EXPECT_TRUE(Get({.journey = "shopping", .page_token = token}).ok()) << "the primary one, by its name";
  for (const JourneyRequest& request :
       {JourneyRequest{.journey = "care", .page_token = token}, JourneyRequest{.customer = "ben", .page_token = token},
        JourneyRequest{.page_token = "x"}, JourneyRequest{.page_token = token + "A"}}) {
    const absl::Status status = Get(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    ASSERT_EQ(base::FieldViolationsOf(status).size(), 1u);
    EXPECT_EQ(base::FieldViolationsOf(status)[0].field, "page_token");
  }
}

TEST_F(EngineJourneyTest, SaysWhatIsNotThere) {
  EXPECT_EQ(Get({}).status().code(), absl::StatusCode::kNotFound) << "no such customer";
  Browse(1);
  EXPECT_EQ(Get({.journey = "loyalty"}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get({.customer = std::string(129, 'x')}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.GetJourney({.tenant = "other", .customer = "anna"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waymark::engine
