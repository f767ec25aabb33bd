#include "service/rpc/journey_worth_wire.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "service/base/field_error.h"
#include "tests/support/playbooks.h"

namespace waymark::rpc {
namespace {

using segmentation::NameIdOf;

constexpr int64_t kDayS = 24 * 60 * 60;

std::string FieldOf(const absl::Status& status) {
  const std::vector<base::FieldViolation> violations = base::FieldViolationsOf(status);
  return violations.empty() ? std::string(status.message()) : violations[0].field;
}

v1::LearnStageValuesRequest LearnRequest() {
  v1::LearnStageValuesRequest wire;
  wire.set_tenant("shop");
  return wire;
}

TEST(LearnStageValuesFromWire, TakesDefaultsAndWhatIsAsked) {
  EXPECT_EQ(*FromWire(LearnRequest()), segmentation::StageValueOptions());
  v1::LearnStageValuesRequest wire = LearnRequest();
  wire.set_yearly_discount(0.25);
  wire.mutable_gone_after()->set_seconds(90 * kDayS);
  wire.set_shrinkage(0);
  for (const char* segment : {"b", "a", "b"}) wire.add_segments(segment);
  const auto options = FromWire(wire);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->yearly_discount, 0.25);
  EXPECT_EQ(options->gone_after, absl::Hours(24 * 90));
  EXPECT_EQ(options->shrinkage, 0);
  EXPECT_EQ(options->segments.size(), 2u);
  EXPECT_LT(options->segments[0], options->segments[1]);
}

TEST(LearnStageValuesFromWire, RefusesByField) {
  const std::vector<std::pair<std::string, void (*)(v1::LearnStageValuesRequest&)>> cases = {
      {"tenant", [](auto& wire) { wire.clear_tenant(); }},
      {"yearly_discount", [](auto& wire) { wire.set_yearly_discount(0); }},
      {"yearly_discount", [](auto& wire) { wire.set_yearly_discount(10.5); }},
      {"yearly_discount", [](auto& wire) { wire.set_yearly_discount(0.0 / 0.0); }},
      {"gone_after", [](auto& wire) { wire.mutable_gone_after()->set_seconds(kDayS - 1); }},
      {"gone_after", [](auto& wire) { wire.mutable_gone_after()->set_seconds(3651 * kDayS); }},
      {"shrinkage", [](auto& wire) { wire.set_shrinkage(-1); }},
      {"segments[0]", [](auto& wire) { wire.add_segments(""); }},
      {"segments",
       [](auto& wire) {
         for (int i = 0; i < 1001; ++i) wire.add_segments("a");
       }},
  };
  for (const auto& [field, change] : cases) {
    v1::LearnStageValuesRequest wire = LearnRequest();
    change(wire);
    EXPECT_EQ(FieldOf(FromWire(wire).status()), field);
  }
}

v1::AttributeConversionsRequest AttributeRequest() {
  v1::AttributeConversionsRequest wire;
  wire.set_tenant("shop");
  return wire;
}

TEST(AttributeConversionsFromWire, TakesDefaultsAndWhatIsAsked) {
  auto request = FromWire(AttributeRequest());
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->by, batch::AttributionBy::kTouchpoint);
  EXPECT_EQ(request->look_back, absl::Hours(24 * 30));
  EXPECT_EQ(request->half_life, absl::Hours(24 * 7));
  EXPECT_EQ(request->markov_order, 1);
  EXPECT_EQ(request->from, absl::InfinitePast());
  v1::AttributeConversionsRequest wire = AttributeRequest();
  wire.set_by(v1::ATTRIBUTION_BY_ACTION);
  wire.set_conversion("refund");
  wire.mutable_selection()->mutable_from()->set_seconds(5);
  wire.mutable_selection()->mutable_until()->set_seconds(9);
  wire.mutable_selection()->set_segment("vip");
  wire.mutable_look_back()->set_seconds(3600);
  wire.set_markov_order(4);
  request = FromWire(wire);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->by, batch::AttributionBy::kAction);
  EXPECT_EQ(request->conversion, "refund");
  EXPECT_EQ(request->from, absl::FromUnixSeconds(5));
  EXPECT_EQ(request->until, absl::FromUnixSeconds(9));
  EXPECT_EQ(request->segment, "vip");
  EXPECT_EQ(request->look_back, absl::Hours(1));
  EXPECT_EQ(request->markov_order, 4);
}

TEST(AttributeConversionsFromWire, RefusesByField) {
  const std::vector<std::pair<std::string, void (*)(v1::AttributeConversionsRequest&)>> cases = {
      {"tenant", [](auto& wire) { wire.clear_tenant(); }},
      {"selection.from", [](auto& wire) { wire.mutable_selection()->mutable_from()->set_nanos(-1); }},
      {"selection.until",
       [](auto& wire) {
         wire.mutable_selection()->mutable_from()->set_seconds(5);
         wire.mutable_selection()->mutable_until()->set_seconds(5);
       }},
      {"by", [](auto& wire) { wire.set_by(static_cast<v1::AttributionBy>(9)); }},
      {"look_back", [](auto& wire) { wire.mutable_look_back()->set_seconds(3599); }},
      {"half_life", [](auto& wire) { wire.mutable_half_life()->set_seconds(401 * kDayS); }},
      {"markov_order", [](auto& wire) { wire.set_markov_order(5); }},
      {"markov_order", [](auto& wire) { wire.set_markov_order(-1); }},
  };
  for (const auto& [field, change] : cases) {
    v1::AttributeConversionsRequest wire = AttributeRequest();
    change(wire);
    EXPECT_EQ(FieldOf(FromWire(wire).status()), field);
  }
}

TEST(StageValuesToWire, NamesWhatThePlaybookHas) {
  const auto playbook = testing_support::MustCompile(R"yaml(
currency: EUR
segments: [{name: vip, when: 'true'}, {name: new, when: 'true'}]
journeys:
  - name: road
    stages: [{name: a, goal: g}, {name: b, value: {micros: 5000000}, enter_when: 'ever("purchase")'}]
)yaml");
  segmentation::Population population{.version = 7};
  segmentation::StageValues& values = population.stage_values;
  values.learned_at = absl::FromUnixSeconds(99);
  values.customers = 12;
  const segmentation::StageValue a = {NameIdOf("a"), 2.5, 4, 1, 4 * 1500, 3'000'000};
  values.journeys = {{NameIdOf("gone"), {}},
                     {NameIdOf("road"), {{{}, 12, {a}}, {NameIdOf("new"), 3, {}}, {NameIdOf("vip"), 5, {a}}}}};
  v1::StageValues wire;
  StageValuesToWire(population, *playbook, wire);
  EXPECT_EQ(wire.population_version(), 7u);
  EXPECT_EQ(wire.learned_at().seconds(), 99);
  ASSERT_EQ(wire.journeys_size(), 1);
  ASSERT_EQ(wire.journeys(0).segments_size(), 3);
  EXPECT_EQ(wire.journeys(0).segments(0).segment(), "");
  EXPECT_EQ(wire.journeys(0).segments(1).segment(), "vip");
  EXPECT_EQ(wire.journeys(0).segments(2).segment(), "new");
  const v1::SegmentStageValues& everyone = wire.journeys(0).segments(0);
  EXPECT_EQ(everyone.stages(0).value().micros(), 2'500'000);
  EXPECT_EQ(everyone.stages(0).value().currency(), "EUR");
  EXPECT_FALSE(everyone.stages(0).has_stated());
  EXPECT_EQ(everyone.stages(0).mean_stay().seconds(), 1);
  EXPECT_EQ(everyone.stages(0).mean_stay().nanos(), 500'000'000);
  EXPECT_FALSE(everyone.stages(1).has_value());
  EXPECT_EQ(everyone.stages(1).stated().micros(), 5'000'000);
}

TEST(AttributionToWire, HasEveryMethodAtItsPlace) {
  batch::AttributionAnswer answer{.playbook = testing_support::MustCompile("currency: EUR"),
                                  .as_of = absl::FromUnixSeconds(5)};
  answer.attribution.conversions = 21;
  answer.attribution.value = 4.5;
  journey::PlayerCredits& player = answer.attribution.players.emplace_back();
  player.player = NameIdOf("web/a");
  for (size_t m = 0; m < journey::kAttributionMethods; ++m) player.credits[m] = {1.0 + static_cast<double>(m), 0.5};
  answer.names[NameIdOf("web/a")] = "web/a";
  v1::Attribution wire;
  ToWire(answer, wire);
  EXPECT_EQ(wire.value().micros(), 4'500'000);
  ASSERT_EQ(wire.players_size(), 1);
  EXPECT_EQ(wire.players(0).name(), "web/a");
  EXPECT_EQ(wire.players(0).first().conversions(), 1);
  EXPECT_EQ(wire.players(0).last().conversions(), 2);
  EXPECT_EQ(wire.players(0).linear().conversions(), 3);
  EXPECT_EQ(wire.players(0).time_decay().conversions(), 4);
  EXPECT_EQ(wire.players(0).markov().conversions(), 5);
  EXPECT_EQ(wire.players(0).shapley().conversions(), 6);
  EXPECT_EQ(wire.players(0).shapley().value().micros(), 500'000);
}

}  // namespace
}  // namespace waymark::rpc
