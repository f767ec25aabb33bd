#include "service/decision/contact_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "segmentation/fold.h"
#include "service/playbook/compile.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::Contact;
using segmentation::NameIdOf;
using segmentation::Profile;
using ::testing::ElementsAre;

constexpr absl::string_view kPlaybook = R"yaml(
time_zone: Europe/Berlin
time_zone_trait: zone
traits: [{name: zone, type: STRING}]
events: [{name: dismissed}]
groups: [{name: vouchers, limits: [{per: CUSTOMER, max: 2, period: MONTH}]}, {name: news}]
channels:
  - {name: web}
  - {name: email, limits: [{per: CUSTOMER, max: 3, period: DAY}], quiet_hours: [{from: '21:00', until: '07:00'}]}
arbitration: {limits: [{per: CUSTOMER, max: 4, period: WEEK}]}
actions:
  - {name: rolling, kind: OFFER, limits: [{per: CUSTOMER, max: 1, window: 24h}]}
  - {name: voucher, kind: OFFER, group: vouchers}
  - {name: bonus, kind: OFFER, group: vouchers}
  - {name: nagging, kind: OFFER, suppressions: [{outcome: dismissed, times: 2, within: 30d, lasts: 60d}]}
  - {name: once, kind: OFFER, suppressions: [{outcome: purchase, lasts: 10d}]}
  - {name: polite, kind: OFFER, not_after: [{name: voucher, window: 30d}, {name: news, window: 2d}]}
  - {name: letter, kind: CONTENT, group: news, not_after: [{name: news, window: 1d}]}
  - {name: nothing, kind: NONE}
placements:
  - {name: hero, touchpoint: web/home, slots: 3}
  - {name: mail, touchpoint: email/mail, slots: 3, exposure: ON_IMPRESSION}
)yaml";

constexpr int kWeb = 0;
constexpr int kEmail = 1;

absl::Time At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << ": " << error;
  return time;
}

class ContactPolicyTest : public ::testing::Test {
 protected:
  int Index(const char* action) const { return playbook_->action_by_id.at(NameIdOf(action)); }

  void Contacted(const char* action, const char* channel, const char* at) {
    const Contact contact{NameIdOf(action), NameIdOf(channel), At(at), ++decisions_};
    segmentation::AddContact(profile_, contact, contact.at);
  }

  void Happened(const char* action, const char* type, const char* at) {
    segmentation::Fold(
        profile_,
        {.id = absl::StrCat(++decisions_), .type = NameIdOf(type), .time = At(at), .outcome_of = NameIdOf(action)},
        At(at));
  }

  void LivesIn(const char* zone) { segmentation::SetTrait(profile_, NameIdOf("zone"), std::string(zone)); }

  Reason Check(const char* action, const char* now, int channel = kWeb, bool known = true) {
    detail_.clear();
    return ContactPolicy(*playbook_, profile_, known, "d", At(now)).Check(Index(action), channel, &detail_);
  }

  std::shared_ptr<const playbook::Playbook> playbook_ = testing_support::MustCompile(kPlaybook);
  Profile profile_;
  uint64_t decisions_ = 0;
  std::string detail_;
};

TEST_F(ContactPolicyTest, SuppressesAfterOneOutcome) {
  EXPECT_EQ(Check("once", "2026-05-01T12:00:00Z"), Reason::kChosen);
  Happened("once", "purchase", "2026-05-01T12:00:00Z");
  EXPECT_EQ(Check("once", "2026-05-01T12:00:00Z"), Reason::kSuppressed);
  EXPECT_EQ(detail_, "purchase 1 time: not for 10 days");
  EXPECT_EQ(Check("nagging", "2026-05-01T12:00:00Z"), Reason::kChosen);
  EXPECT_EQ(Check("once", "2026-05-11T11:59:59Z"), Reason::kSuppressed);
  EXPECT_EQ(Check("once", "2026-05-11T12:00:00Z"), Reason::kChosen);
}

TEST_F(ContactPolicyTest, SuppressesAfterSeveralOutcomesWithinTheirTime) {
  Happened("nagging", "dismissed", "2026-05-01T12:00:00Z");
  Happened("nagging", "purchase", "2026-05-02T12:00:00Z");
  Happened("once", "dismissed", "2026-05-02T12:00:00Z");
  EXPECT_EQ(Check("nagging", "2026-05-02T12:00:00Z"), Reason::kChosen);
  Happened("nagging", "dismissed", "2026-05-31T12:00:00Z");
  EXPECT_EQ(Check("nagging", "2026-05-31T12:00:00Z"), Reason::kChosen) << "30 days are over";
  Happened("nagging", "dismissed", "2026-06-30T11:59:59Z");
  EXPECT_EQ(Check("nagging", "2026-06-30T12:00:00Z"), Reason::kSuppressed);
  EXPECT_EQ(detail_, "dismissed 2 times in 30 days: not for 60 days");
  Happened("nagging", "dismissed", "2026-08-15T12:00:00Z");
  EXPECT_EQ(Check("nagging", "2026-08-29T11:59:58Z"), Reason::kSuppressed) << "60 days from the second of two";
  EXPECT_EQ(Check("nagging", "2026-08-29T11:59:59Z"), Reason::kChosen) << "one more alone begins nothing";
}

TEST_F(ContactPolicyTest, IsNotAfterAnActionNorAGroup) {
  Contacted("voucher", "web", "2026-05-01T12:00:00Z");
  EXPECT_EQ(Check("polite", "2026-05-31T11:59:59Z"), Reason::kNotAfter);
  EXPECT_EQ(detail_, "not within 30 days after voucher");
  EXPECT_EQ(Check("polite", "2026-05-31T12:00:00Z"), Reason::kChosen);
  Contacted("letter", "email", "2026-06-01T12:00:00Z");
  EXPECT_EQ(Check("polite", "2026-06-03T11:00:00Z"), Reason::kNotAfter);
  EXPECT_EQ(detail_, "not within 2 days after news");
  EXPECT_EQ(Check("letter", "2026-06-02T11:00:00Z", kEmail), Reason::kNotAfter) << "itself";
  EXPECT_EQ(Check("letter", "2026-06-02T12:00:00Z", kEmail), Reason::kChosen);
  EXPECT_EQ(Check("voucher", "2026-06-01T12:00:00Z"), Reason::kChosen);
}

TEST_F(ContactPolicyTest, WhatIsGivenInThisCallComesBefore) {
  ContactPolicy policy(*playbook_, profile_, true, "d", At("2026-05-01T12:00:00Z"));
  policy.Begin(0);
  EXPECT_EQ(policy.Check(Index("polite"), kWeb, nullptr), Reason::kChosen);
  policy.Take(Index("voucher"), kWeb);
  EXPECT_EQ(policy.Check(Index("polite"), kWeb, nullptr), Reason::kNotAfter);
  EXPECT_EQ(policy.Check(Index("bonus"), kWeb, nullptr), Reason::kChosen);
  policy.Take(Index("bonus"), kWeb);
  EXPECT_EQ(policy.Check(Index("voucher"), kWeb, nullptr), Reason::kLimit) << "two of the group";
  policy.Take(Index("nothing"), kWeb);
  policy.Take(Index("letter"), kWeb);
  EXPECT_EQ(policy.Check(Index("rolling"), kWeb, nullptr), Reason::kChosen) << "doing nothing is not one of four";
}

TEST_F(ContactPolicyTest, CountsCalendarDaysOfTheCustomersZone) {
  for (const char* at : {"2026-05-05T08:00:00Z", "2026-05-05T09:00:00Z", "2026-05-05T10:00:00Z"})
    Contacted("x", "email", at);
  EXPECT_EQ(Check("rolling", "2026-05-05T18:59:59Z", kEmail), Reason::kLimit);
  EXPECT_EQ(detail_, "the channel: 3 a day");
  EXPECT_EQ(Check("rolling", "2026-05-06T05:00:00Z", kEmail), Reason::kChosen) << "07:00 of the next day";
  LivesIn("America/Los_Angeles");  // two of them at 01:00 and 02:00, and it is still the 5th at 18:00
  EXPECT_EQ(Check("rolling", "2026-05-06T01:00:00Z", kEmail), Reason::kLimit);
  LivesIn("Pacific/Kiritimati");  // 23:00 of the 5th, 00:00 of the 6th
  EXPECT_EQ(Check("rolling", "2026-05-05T20:00:00Z", kEmail), Reason::kChosen);
  LivesIn("Atlantis");
  EXPECT_EQ(Check("rolling", "2026-05-05T18:00:00Z", kEmail), Reason::kLimit) << "the playbook's zone";
}

TEST_F(ContactPolicyTest, CountsMonthsOfAGroupAndWeeksOverAll) {
  Contacted("voucher", "web", "2026-04-30T21:59:59Z");  // 23:59:59 of April 30th
  Contacted("bonus", "web", "2026-04-30T22:00:00Z");
  EXPECT_EQ(Check("voucher", "2026-05-31T12:00:00Z"), Reason::kChosen);
  Contacted("voucher", "web", "2026-05-20T22:00:00Z");
  EXPECT_EQ(Check("voucher", "2026-05-31T21:59:59Z"), Reason::kLimit);
  EXPECT_EQ(detail_, "the group: 2 a month");
  EXPECT_EQ(Check("voucher", "2026-05-31T22:00:00Z"), Reason::kChosen);
  for (const char* at :
       {"2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z", "2026-06-07T21:59:59Z"})
    Contacted("x", "web", at);
  EXPECT_EQ(Check("rolling", "2026-06-07T21:59:59Z"), Reason::kLimit);
  EXPECT_EQ(detail_, "all actions: 4 a week");
  EXPECT_EQ(Check("rolling", "2026-06-07T22:00:00Z"), Reason::kChosen) << "Monday";
}

TEST_F(ContactPolicyTest, AnImpressionDatedIntoTheNextPeriodCountsThere) {
  for (int i = 0; i < 3; ++i) Contacted("x", "email", "2026-05-06T10:00:00Z");
  EXPECT_EQ(Check("rolling", "2026-05-05T12:00:00Z", kEmail), Reason::kChosen);
  EXPECT_EQ(Check("rolling", "2026-05-06T05:00:00Z", kEmail), Reason::kLimit);
}

TEST_F(ContactPolicyTest, IsQuietByTheCustomersClock) {
  EXPECT_EQ(Check("rolling", "2026-05-05T18:59:59Z", kEmail), Reason::kChosen);
  EXPECT_EQ(Check("rolling", "2026-05-05T19:00:00Z", kEmail), Reason::kQuietHours);
  EXPECT_EQ(detail_, "quiet from 21:00 to 07:00");
  EXPECT_EQ(Check("rolling", "2026-05-05T19:00:00Z", kWeb), Reason::kChosen);
  LivesIn("Asia/Tokyo");
  EXPECT_EQ(Check("rolling", "2026-05-05T18:00:00Z", kEmail), Reason::kQuietHours);
  EXPECT_EQ(Check("rolling", "2026-05-05T22:00:00Z", kEmail), Reason::kChosen);
  EXPECT_EQ(Check("nothing", "2026-05-05T18:00:00Z", kEmail), Reason::kChosen) << "disturbs nobody";
}

TEST_F(ContactPolicyTest, SaysTheFirstReasonInTheOrderOfTheFilters) {
  const char* const now = "2026-05-05T20:00:00Z";
  EXPECT_EQ(Check("polite", now, kEmail), Reason::kQuietHours);
  for (int i = 0; i < 3; ++i) Contacted("x", "email", "2026-05-05T10:00:00Z");
  EXPECT_EQ(Check("polite", now, kEmail), Reason::kLimit);
  Contacted("voucher", "web", "2026-05-05T10:00:00Z");
  EXPECT_EQ(Check("polite", now, kEmail), Reason::kNotAfter);
  Happened("nagging", "dismissed", "2026-05-05T10:00:00Z");
  Happened("nagging", "dismissed", "2026-05-05T10:00:00Z");
  EXPECT_EQ(Check("nagging", now, kEmail), Reason::kSuppressed);
}

TEST_F(ContactPolicyTest, RefusesWhatItCannotCheck) {
  const char* const now = "2026-05-05T12:00:00Z";
  for (const char* action : {"rolling", "voucher", "nagging", "polite", "letter"}) {
    EXPECT_EQ(Check(action, now, kWeb, false), Reason::kLimitUnknown) << action;
    EXPECT_THAT(detail_, ::testing::HasSubstr("not all known"));
  }
  EXPECT_EQ(Check("nothing", now, kWeb, false), Reason::kChosen);
  for (size_t i = 0; i < Profile::kMaxOutcomes; ++i) Happened("voucher", "dismissed", "2026-05-01T12:00:00Z");
  EXPECT_EQ(Check("nagging", now), Reason::kLimitUnknown) << "older ones may have been dropped";
  EXPECT_EQ(Check("nagging", "2026-07-30T12:00:00Z"), Reason::kChosen) << "they do not matter any more";
  EXPECT_EQ(Check("rolling", now), Reason::kChosen);
}

// What is shown later than it was decided.
TEST_F(ContactPolicyTest, ChecksAgainWhatIsShown) {
  const Contact shown{NameIdOf("rolling"), NameIdOf("email"), At("2026-05-05T12:00:00Z"), 77};
  std::string detail;
  EXPECT_EQ(CheckShown(*playbook_, profile_, shown, true, &detail), Reason::kChosen);
  Contacted("rolling", "web", "2026-05-05T11:00:00Z");
  EXPECT_EQ(CheckShown(*playbook_, profile_, shown, true, &detail), Reason::kLimit);
  EXPECT_EQ(detail, "the action: 1 in 24h");
  segmentation::AddContact(profile_, shown, shown.at);
  EXPECT_EQ(CheckShown(*playbook_, profile_, shown, true, &detail), Reason::kChosen)
      << "counted by its first impression";
  const Contact gone{NameIdOf("gone"), NameIdOf("email"), shown.at, 78};
  EXPECT_EQ(CheckShown(*playbook_, profile_, gone, true, &detail), Reason::kChosen);
  Contact at_night = shown;
  at_night.action = NameIdOf("bonus");
  at_night.at = At("2026-05-05T22:00:00Z");
  EXPECT_EQ(CheckShown(*playbook_, profile_, at_night, true, &detail), Reason::kQuietHours);
}

// What comes late, or out of order, is not judged by what came after it; what is about to be shown is.
TEST_F(ContactPolicyTest, LooksAtNothingThatCameAfterWhatWasShown) {
  Contacted("rolling", "web", "2026-05-05T13:00:00Z");
  Happened("nagging", "dismissed", "2026-05-05T12:30:00Z");
  Happened("nagging", "dismissed", "2026-05-05T13:00:00Z");
  Happened("nagging", "dismissed", "2026-05-05T13:30:00Z");
  const auto check = [this](const char* action, const char* at, bool was_shown) {
    const Contact shown{NameIdOf(action), NameIdOf("web"), At(at), 77};
    return CheckShown(*playbook_, profile_, shown, was_shown, nullptr);
  };
  for (const char* action : {"rolling", "nagging"}) {
    const Reason against = std::string(action) == "rolling" ? Reason::kLimit : Reason::kSuppressed;
    EXPECT_EQ(check(action, "2026-05-05T12:00:00Z", true), Reason::kChosen) << action;
    EXPECT_EQ(check(action, "2026-05-05T12:00:00Z", false), against) << action;
    EXPECT_EQ(check(action, "2026-05-05T13:30:00Z", true), against) << action;
  }
  Contacted("rolling", "web", "2026-05-05T12:00:00Z");
  EXPECT_EQ(check("rolling", "2026-05-05T12:00:00Z", true), Reason::kLimit) << "the window's end belongs to it";
}

class RetryTest : public ContactPolicyTest {
 protected:
  // Asks, and keeps what counts.
  std::vector<std::string> Ask(const playbook::Playbook& playbook, Request request, absl::Time now) {
    const Decision decision = Decide(playbook, profile_, request, now);
    for (const Contact& contact : decision.contacts) segmentation::AddContact(profile_, contact, now);
    last_contacts_ = decision.contacts.size();
    std::vector<std::string> names;
    for (const Chosen& chosen : decision.placements.back().chosen)
      names.push_back(playbook.actions[chosen.action].name);
    return names;
  }

  size_t last_contacts_ = 0;
};

constexpr absl::string_view kShop = R"yaml(
traits: [{name: age, type: INT}]
purposes: [{name: mailing}]
channels: [{name: web, limits: [{per: CUSTOMER, max: 2, window: 1d}]}, {name: app}]
actions:
  - {name: a, kind: OFFER, value: {micros: 3000000}, eligible_when: 'customer.age < 30', limits: [{per: CUSTOMER, max: 1, window: 1d}]}
  - {name: b, kind: OFFER, value: {micros: 2000000}, consents: [mailing]}
  - {name: nothing, kind: NONE, value: {micros: 1500000}}
  - {name: c, kind: OFFER, value: {micros: 1000000}}
  - {name: fallback, kind: CONTENT, value: {micros: 1}}
placements:
  - {name: hero, touchpoint: web/home, slots: 3, fallback: fallback}
  - {name: side, touchpoint: app/side, slots: 2}
)yaml";

TEST_F(RetryTest, IsGivenTheSameWhateverHasChanged) {
  const auto shop = testing_support::MustCompile(kShop);
  const absl::Time now = At("2026-05-05T12:00:00Z");
  segmentation::SetTrait(profile_, NameIdOf("age"), int64_t{20});
  segmentation::SetConsent(profile_, {NameIdOf("mailing"), true, now});
  const Request request{.placements = {0}, .decision_id = "d", .explain = true};
  EXPECT_THAT(Ask(*shop, request, now), ElementsAre("a", "b", "nothing"));
  EXPECT_EQ(last_contacts_, 3u);
  segmentation::SetTrait(profile_, NameIdOf("age"), int64_t{50});
  const auto reversed = testing_support::MustCompile(absl::StrReplaceAll(kShop, {{"micros: 3", "micros: 0"}}));
  const Profile before = profile_;
  for (const auto& playbook : {shop, reversed}) {
    EXPECT_THAT(Ask(*playbook, request, now + absl::Hours(1)), ElementsAre("a", "b", "nothing"));
    EXPECT_EQ(last_contacts_, 0u);
    EXPECT_EQ(profile_, before);
  }
  EXPECT_THAT(Ask(*shop, {.placements = {0}, .decision_id = "other"}, now), ElementsAre("nothing")) << "two were given";
}

TEST_F(RetryTest, IsNotGivenWhatTheCustomerNoLongerAllows) {
  const auto shop = testing_support::MustCompile(kShop);
  const absl::Time now = At("2026-05-05T12:00:00Z");
  segmentation::SetConsent(profile_, {NameIdOf("mailing"), true, now});
  const Request request{.placements = {0}, .decision_id = "d"};
  EXPECT_THAT(Ask(*shop, request, now), ElementsAre("b", "nothing", "c"));
  segmentation::SetConsent(profile_, {NameIdOf("mailing"), false, now});
  EXPECT_THAT(Ask(*shop, request, now), ElementsAre("nothing", "c"));
  const auto without = testing_support::MustCompile(absl::StrReplaceAll(kShop, {{"name: c,", "name: d,"}}));
  EXPECT_THAT(Ask(*without, request, now), ElementsAre("nothing"))
      << "the playbook has no c any more, and d is none of it";
  EXPECT_EQ(last_contacts_, 0u);
}

TEST_F(RetryTest, IsNotGivenInAnotherPlacementWhatItWasGivenInOne) {
  const auto shop = testing_support::MustCompile(kShop);
  const absl::Time now = At("2026-05-05T12:00:00Z");
  EXPECT_THAT(Ask(*shop, {.placements = {0}, .decision_id = "d"}, now), ElementsAre("nothing", "c", "fallback"));
  const Decision both = Decide(*shop, profile_, {.placements = {1, 0}, .decision_id = "d"}, now);
  EXPECT_TRUE(both.placements[0].chosen.empty()) << "all that there is was given in the other placement";
  EXPECT_EQ(both.placements[1].chosen.size(), 3u);
}

TEST_F(RetryTest, OfWhatNothingCountsIsDecidedAgain) {
  const auto shop = testing_support::MustCompile(kShop);
  const absl::Time now = At("2026-05-05T12:00:00Z");
  const Request request{.placements = {1}, .decision_id = "d"};
  EXPECT_THAT(Ask(*shop, request, now), ElementsAre("nothing", "c"));
  EXPECT_EQ(last_contacts_, 0u);
}

TEST_F(RetryTest, QuietHoursKeepTheFallbackBackToo) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: email, quiet_hours: [{from: '00:00', until: '12:00'}]}]
actions: [{name: news, kind: CONTENT}, {name: nothing, kind: NONE}]
placements: [{name: a, touchpoint: email/a, fallback: news}, {name: b, touchpoint: email/b, fallback: nothing}]
)yaml");
  const auto ask = [&](int placement, const char* at) {
    return Ask(*playbook, {.placements = {placement}, .decision_id = "d", .kind = playbook::ActionKind::kOffer},
               At(at));
  };
  EXPECT_THAT(ask(0, "2026-05-05T11:59:00Z"), ElementsAre());
  EXPECT_THAT(ask(0, "2026-05-05T12:00:00Z"), ElementsAre("news"));
  EXPECT_THAT(ask(1, "2026-05-05T11:59:00Z"), ElementsAre("nothing"));
}

}  // namespace
}  // namespace waymark::decision
