#include "service/batch/export_journeys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyers, when: 'ever("purchase")'}]
journeys:
  - name: short
    stages:
      - {name: outside, goal: Come in}
      - {name: inside, enter_when: 'ever("purchase")'}
  - {name: long, preset: FIVE_STAGES}
)yaml";

class ExportJourneysTest : public ::testing::Test {
 protected:
  void Record(const std::string& customer, const char* type, absl::Duration ago) {
    engine::RecordRequest request{.tenant = "shop"};
    request.items.push_back(
        {customer, {.id = absl::StrCat(++events_), .type = type, .time = world_.clock.Now() - ago}});
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
  }

  // What each customer did: "view_item", or "outside>inside". Ends after `traces`.
  absl::Status Export(ExportJourneysRequest request, int traces = 1'000'000) {
    request.tenant = "shop";
    traces_.clear();
    segments_.clear();
    return ExportJourneys(
        environment_, request, cancellation_,
        [&](const JourneyTrace& trace) {
          std::vector<std::string>& names = traces_[std::string(trace.customer)];
          EXPECT_THAT(names, IsEmpty()) << "given twice";
          for (const journey::TimelineEntry& entry : trace.entries) names.push_back(NameOf(entry, trace));
          segments_[std::string(trace.customer)] = trace.segments.size();
          return --traces > 0;
        },
        [&](const WalkProgress& progress) {
          progress_ = progress;
          return true;
        });
  }
  static std::string NameOf(const journey::TimelineEntry& entry, const JourneyTrace& trace) {
    if (entry.touch != nullptr) return std::string(playbook::NameOf(trace.playbook, entry.touch->type));
    if (!entry.move.has_value()) return "shown";
    const std::string& to = trace.journey.stages[static_cast<size_t>(entry.move->to)].name;
    if (entry.move->begins) return ">" + to;
    return absl::StrCat(trace.journey.stages[static_cast<size_t>(entry.move->from)].name, ">", to);
  }

  testing_support::World world_{kPlaybook};
  Threads threads_{8};
  const Environment environment_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  int events_ = 0;
  std::map<std::string, std::vector<std::string>> traces_;
  std::map<std::string, size_t> segments_;
  WalkProgress progress_;
};

TEST_F(ExportJourneysTest, GivesWhatEveryoneDid) {
  Record("ann", "view_item", absl::Hours(3));
  Record("ann", "purchase", absl::Hours(2));
  Record("ben", "search", absl::Hours(1));
  ASSERT_TRUE(Export({.with_customer_ids = true}).ok());
  EXPECT_THAT(traces_["ann"], ElementsAre(">outside", "view_item", "purchase", "outside>inside"));
  EXPECT_THAT(traces_["ben"], ElementsAre(">outside", "search"));
  EXPECT_EQ(segments_["ann"], 1u);
  EXPECT_EQ(segments_["ben"], 0u);
  EXPECT_EQ(progress_.profiles, 2);
  ASSERT_TRUE(Export({.journey = "long", .with_customer_ids = true}).ok());
  EXPECT_THAT(traces_["ben"], ElementsAre(">consideration", "search"));
}

TEST_F(ExportJourneysTest, GivesAPeriodOfASelection) {
  Record("ann", "view_item", absl::Hours(3));
  Record("ann", "purchase", absl::Hours(2));
  Record("ben", "search", absl::Hours(1));
  const absl::Time now = world_.clock.Now();
  ASSERT_TRUE(Export({.from = now - absl::Hours(2), .until = now - absl::Hours(1), .with_customer_ids = true}).ok());
  EXPECT_EQ(traces_.size(), 1u) << "who did nothing has no trace; the end is not included";
  EXPECT_THAT(traces_["ann"], ElementsAre("purchase", "outside>inside"));
  ASSERT_TRUE(Export({.whom = {.segment = "buyers"}, .with_customer_ids = true}).ok());
  EXPECT_EQ(traces_.size(), 1u);
  EXPECT_EQ(traces_.count("ann"), 1u);
}

TEST_F(ExportJourneysTest, NamesNobodyUnlessAsked) {
  Record("ann", "view_item", absl::Hours(3));
  Record("ben", "view_item", absl::Hours(3));
  ASSERT_TRUE(Export({}).ok());
  ASSERT_EQ(traces_.size(), 2u);
  const auto before = traces_;
  for (const auto& [name, trace] : before) EXPECT_THAT(name, ::testing::MatchesRegex("[0-9a-f]{20}"));
  ASSERT_TRUE(Export({}).ok());
  EXPECT_EQ(traces_, before);
}

TEST_F(ExportJourneysTest, EndsWhereNoMoreIsWanted) {
  for (int i = 0; i < 10; ++i) Record(absl::StrCat("c", i), "view_item", absl::Hours(1));
  EXPECT_EQ(Export({}, 3).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(traces_.size(), 3u);
  cancellation_->Cancel(absl::UnavailableError("stopping"));
  EXPECT_EQ(Export({}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ExportJourneysTest, NeedsWhatItNames) {
  EXPECT_EQ(Export({.journey = "none"}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Export({.whom = {.segment = "none"}}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Export({.whom = {.persona = "none"}}).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(world_.Apply("shop", "segments: [{name: buyers, when: 'ever(\"purchase\")'}]").ok());
  EXPECT_EQ(Export({}).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waymark::batch
