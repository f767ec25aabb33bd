// The contact policy end to end: outcomes by their tokens, what is checked again when it is shown, retries.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/support/world.h"

namespace waymark::engine {
namespace {

using decision::Reason;
using segmentation::NameIdOf;
using ::testing::ElementsAre;

constexpr absl::string_view kPlaybook = R"yaml(
time_zone: UTC
events: [{name: dismissed}]
channels:
  - {name: web}
  - {name: email, limits: [{per: CUSTOMER, max: 2, period: DAY}], quiet_hours: [{from: '21:00', until: '23:00'}]}
actions:
  - {name: voucher, kind: OFFER, placements: [hero], value: {micros: 9000000}, suppressions: [{outcome: dismissed, times: 2, within: 30d, lasts: 60d}]}
  - {name: banner, kind: CONTENT, placements: [hero], value: {micros: 1000000}, limits: [{per: CUSTOMER, max: 1, period: DAY}]}
  - {name: news, kind: CONTENT, placements: [letter, notice]}
  - {name: deal, kind: OFFER, placements: [letter]}
  - {name: tip, kind: CONTENT, placements: [notice], suppressions: [{outcome: purchase, lasts: 1d}]}
placements:
  - {name: hero, touchpoint: web/home}
  - {name: letter, touchpoint: email/letter, slots: 2, exposure: ON_IMPRESSION}
  - {name: notice, touchpoint: web/notice, slots: 2, exposure: ON_IMPRESSION}
)yaml";

class ContactPolicyTest : public ::testing::Test {
 protected:
  DecideAnswer Decide(const char* placement, std::string id = "") {
    auto answer =
        world_.Decide({.tenant = "shop", .customer = "anna", .placements = {placement}, .decision_id = std::move(id)});
    EXPECT_TRUE(answer.ok()) << answer.status();
    return *std::move(answer);
  }

  static std::vector<std::string> Names(const DecideAnswer& answer) {
    std::vector<std::string> names;
    for (const auto& chosen : answer.decision.placements[0].chosen)
      names.push_back(answer.playbook->actions[chosen.action].name);
    return names;
  }

  Receipt Happens(std::string id, std::string type, std::string token, bool only_if_allowed = false) {
    const auto answer = world_.Record({.tenant = "shop",
                                       .items = {{"anna",
                                                  {.id = std::move(id),
                                                   .type = std::move(type),
                                                   .decision_token = std::move(token),
                                                   .only_if_allowed = only_if_allowed}}}});
    EXPECT_TRUE(answer.ok() && answer->items[0].status.ok());
    return answer->items[0].receipt;
  }

  segmentation::Profile Profile() { return world_.GetProfile("anna")->profile; }

  // Hours of 2026-06-01, UTC.
  void SetClock(int hour) {
    world_.clock.Advance(absl::FromUnixSeconds(1780272000) + absl::Hours(hour) - world_.clock.Now());
  }

  testing_support::World world_{kPlaybook};
};

TEST_F(ContactPolicyTest, AnActionThatWasDismissedTwiceIsSuppressed) {
  SetClock(8);
  const DecideAnswer first = Decide("hero");
  EXPECT_THAT(Names(first), ElementsAre("voucher"));
  Happens("d1", "dismissed", first.tokens[0][0]);
  Happens("d1", "dismissed", first.tokens[0][0]);
  EXPECT_EQ(Profile().outcomes.size(), 1u) << "one event";
  EXPECT_THAT(Names(Decide("hero")), ElementsAre("voucher"));
  Happens("d2", "dismissed", first.tokens[0][0]);
  EXPECT_THAT(Names(Decide("hero")), ElementsAre("banner"));
  Happens("p1", "purchase", first.tokens[0][0]);
  EXPECT_EQ(Profile().outcomes.size(), 2u) << "no suppression of the voucher looks at purchases";
  SetClock(8 + 60 * 24);
  EXPECT_THAT(Names(Decide("hero")), ElementsAre("voucher"));
}

TEST_F(ContactPolicyTest, WhatWasPrefetchedIsCheckedAgainWhenItIsShown) {
  SetClock(8);
  const DecideAnswer one = Decide("letter");
  const DecideAnswer other = Decide("letter");
  EXPECT_THAT(Names(other), ElementsAre("deal", "news"));
  EXPECT_EQ(Happens("i1", "impression", one.tokens[0][0]).disallowed, Reason::kChosen);
  EXPECT_EQ(Happens("i2", "impression", one.tokens[0][1]).disallowed, Reason::kChosen);
  const Receipt third = Happens("i3", "impression", other.tokens[0][0]);
  EXPECT_EQ(third.disallowed, Reason::kLimit);
  EXPECT_EQ(third.disallowed_detail, "the channel: 2 a day");
  EXPECT_FALSE(third.withheld);
  EXPECT_EQ(Profile().contacts.size(), 3u) << "it was shown, so it counts";
  EXPECT_EQ(Happens("i4", "impression", one.tokens[0][0]).disallowed, Reason::kChosen) << "the one that counts already";
  EXPECT_TRUE(Happens("i3", "impression", other.tokens[0][0]).duplicate);
}

TEST_F(ContactPolicyTest, WhatIsAboutToBeShownMayAskFirst) {
  SetClock(8);
  const DecideAnswer one = Decide("letter");
  const DecideAnswer other = Decide("letter");
  for (const std::string& token : one.tokens[0]) EXPECT_FALSE(Happens(token, "impression", token, true).withheld);
  const segmentation::Profile before = Profile();
  const Receipt third = Happens("i3", "impression", other.tokens[0][0], true);
  EXPECT_TRUE(third.withheld);
  EXPECT_EQ(third.disallowed, Reason::kLimit);
  EXPECT_EQ(Profile(), before) << "as if it had not been sent";
  SetClock(24 + 22);
  EXPECT_EQ(Happens("i3", "impression", other.tokens[0][0], true).disallowed, Reason::kQuietHours);
  SetClock(24 + 23);
  EXPECT_FALSE(Happens("i3", "impression", other.tokens[0][0], true).withheld) << "another day";
  EXPECT_EQ(Profile().contacts.size(), 3u);
}

TEST_F(ContactPolicyTest, ChecksAlsoWhatNoLimitCounts) {
  SetClock(8);
  const DecideAnswer answer = Decide("notice");
  EXPECT_THAT(Names(answer), ElementsAre("news", "tip"));
  Happens("p", "purchase", answer.tokens[0][1]);
  EXPECT_EQ(Happens("i", "impression", answer.tokens[0][1]).disallowed, Reason::kSuppressed);
  EXPECT_TRUE(Profile().contacts.empty()) << "nothing looks at contacts on the web";
}

TEST_F(ContactPolicyTest, ARetryIsGivenTheSameAndWritesNothing) {
  SetClock(8);
  const DecideAnswer voucher = Decide("hero");
  for (const char* id : {"d1", "d2"}) Happens(id, "dismissed", voucher.tokens[0][0]);
  const DecideAnswer first = Decide("hero", "x");
  EXPECT_THAT(Names(first), ElementsAre("banner"));
  ASSERT_TRUE(world_
                  .Apply("shop", absl::StrReplaceAll(kPlaybook, {{"micros: 9000000}, suppr", "micros: 9000001}, suppr"},
                                                                 {"times: 2", "times: 3"}}))
                  .ok());
  SetClock(9);
  const segmentation::Profile before = Profile();
  const DecideAnswer again = Decide("hero", "x");
  EXPECT_THAT(Names(again), ElementsAre("banner")) << "the voucher would be allowed now";
  EXPECT_EQ(again.tokens, first.tokens);
  EXPECT_EQ(Profile(), before);
  EXPECT_THAT(Names(Decide("hero", "y")), ElementsAre("voucher"));
}

TEST_F(ContactPolicyTest, KnowsWhereTheCustomerLives) {
  ASSERT_TRUE(world_
                  .Apply("shop", absl::StrCat("time_zone_trait: zone\ntraits: [{name: zone, type: STRING}]",
                                              absl::StrReplaceAll(kPlaybook, {{"UTC", "Asia/Tokyo"}})))
                  .ok());
  SetClock(13);  // 22:00 in Tokyo
  EXPECT_THAT(Names(Decide("letter")), ElementsAre());
  ASSERT_TRUE(world_
                  .UpdateProfile({.tenant = "shop",
                                  .customer = "anna",
                                  .traits = {{"zone", segmentation::TraitValue(std::string("Europe/Lisbon"))}}})
                  .ok());
  EXPECT_THAT(Names(Decide("letter")), ElementsAre("deal", "news"));
}

}  // namespace
}  // namespace waymark::engine
