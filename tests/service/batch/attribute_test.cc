#include "service/batch/attribute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/support/store_calls.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using segmentation::NameIdOf;

constexpr absl::string_view kPlaybook = R"yaml(
currency: EUR
events: [{name: click}]
traits: [{name: tier, type: STRING}]
segments: [{name: gold, when: customer.tier == "gold"}]
channels: [{name: web}, {name: email}]
actions: [{name: coupon, kind: OFFER}]
placements: [{name: hero, touchpoint: web/home}, {name: mail, touchpoint: email/weekly}]
)yaml";

class AttributeTest : public ::testing::Test {
 protected:
  // Each of 30 customers sees web/home, then, one in three, a shelf that the playbook does not know; clicks the coupon
  // in the mail; and, one in two, buys.
  AttributeTest() {
    for (int c = 0; c < 30; ++c) {
      segmentation::Profile profile;
      profile.created = world_.clock.Now();
      const auto does = [&](int days_ago, const char* type, const char* touchpoint, const char* action = "") {
        profile.trail.touches.push_back({.at = world_.clock.Now() - absl::Hours(24) * days_ago,
                                         .type = NameIdOf(type),
                                         .touchpoint = NameIdOf(touchpoint),
                                         .value_micros = 20'000'000,
                                         .action = *action == '\0' ? segmentation::NameId{} : NameIdOf(action)});
      };
      does(9, "view_item", "web/home");
      if (c % 3 == 0) {
        does(8, "view_item", "store/shelf");
        profile.trail.names.push_back({NameIdOf("store/shelf"), "store/shelf"});
      }
      does(7, "click", "email/weekly", "coupon");
      if (c % 2 == 0) does(6, "purchase", "web/cart");
      if (c < 10) segmentation::SetTrait(profile, NameIdOf("tier"), std::string("gold"));
      EXPECT_TRUE(testing_support::UpdateNow(world_.profiles, {"shop", absl::StrCat("c", c)},
                                             testing_support::Write(std::move(profile)))
                      .ok());
    }
  }

  absl::StatusOr<AttributionAnswer> Attribute(AttributionRequest request) {
    request.tenant = "shop";
    const Environment environment{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
    return AttributeConversions(environment, request, cancellation_,
                                [this](const WalkProgress& at) { progress_ = at; });
  }

  // The credits of a method, by name.
  static std::map<std::string, double> Credits(const AttributionAnswer& answer, journey::AttributionMethod method) {
    std::map<std::string, double> credits;
    for (const journey::PlayerCredits& player : answer.attribution.players) {
      const auto name = answer.names.find(player.player);
      credits[name == answer.names.end() ? "?" : name->second] =
          player.credits[static_cast<size_t>(method)].conversions;
    }
    return credits;
  }

  testing_support::World world_{kPlaybook};
  Threads threads_;
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  WalkProgress progress_;
};

using Expected = std::map<std::string, double>;

TEST_F(AttributeTest, ByTouchpointChannelAndAction) {
  const auto by_touchpoint = Attribute({});
  ASSERT_TRUE(by_touchpoint.ok()) << by_touchpoint.status();
  EXPECT_EQ(progress_.profiles, 30);
  EXPECT_EQ(by_touchpoint->attribution.conversions, 15);
  EXPECT_EQ(by_touchpoint->attribution.value, 300);
  EXPECT_EQ(by_touchpoint->attribution.paths_without_conversion, 15);
  EXPECT_EQ(Credits(*by_touchpoint, journey::AttributionMethod::kFirst),
            (Expected{{"web/home", 15}, {"store/shelf", 0}, {"email/weekly", 0}}));
  const Expected linear = Credits(*by_touchpoint, journey::AttributionMethod::kLinear);
  EXPECT_NEAR(linear.at("web/home"), 10 / 2.0 + 5 / 3.0, 1e-12);
  EXPECT_NEAR(linear.at("store/shelf"), 5 / 3.0, 1e-12);
  EXPECT_EQ(Credits(*Attribute({.by = AttributionBy::kChannel}), journey::AttributionMethod::kLast),
            (Expected{{"web", 0}, {"store", 0}, {"email", 15}}));
  EXPECT_EQ(Credits(*Attribute({.by = AttributionBy::kAction}), journey::AttributionMethod::kShapley),
            (Expected{{"coupon", 15}}));
}

TEST_F(AttributeTest, OfASegmentAPeriodAndAnotherEvent) {
  EXPECT_EQ(Attribute({.segment = "gold"})->attribution.conversions, 5);
  EXPECT_EQ(Attribute({.from = world_.clock.Now() - absl::Hours(24 * 6)})->attribution.conversions, 15);
  EXPECT_EQ(Attribute({.until = world_.clock.Now() - absl::Hours(24 * 6)})->attribution.conversions, 0);
  EXPECT_EQ(Attribute({.conversion = "click"})->attribution.conversions, 30);
  EXPECT_EQ(Attribute({.conversion = "click", .look_back = absl::Hours(24)})->attribution.unattributed, 30);
}

TEST_F(AttributeTest, SaysWhatThereIsNot) {
  EXPECT_EQ(Attribute({.conversion = "clack"}).status(), absl::NotFoundError("no such event type"));
  EXPECT_EQ(Attribute({.segment = "silver"}).status(), absl::NotFoundError("no such segment"));
  EXPECT_EQ(Attribute({.persona = "anna"}).status().code(), absl::StatusCode::kNotFound);
  cancellation_->Cancel();
  EXPECT_EQ(Attribute({}).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace waymark::batch
