#include "segmentation/fold.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "segmentation/affinity.h"
#include "segmentation/compact.h"

namespace waymark::segmentation {
namespace {

constexpr NameId kPurchase = NameId{1};
const absl::Time kNow = absl::FromUnixSeconds(1780000000);

Event Purchase(absl::string_view id, absl::Time time = kNow) {
  return {.id = std::string(id), .type = kPurchase, .time = time, .value_micros = 1000000};
}

Contact Shown(uint64_t decision, absl::Time at) { return {NameId{7}, NameId{8}, at, decision}; }

TEST(Fold, AddsAnEventOnce) {
  Profile profile;
  EXPECT_TRUE(Fold(profile, Purchase("a"), kNow));
  const Profile once = profile;
  EXPECT_FALSE(Fold(profile, Purchase("a"), kNow + absl::Hours(5)));
  EXPECT_EQ(profile, once);
  EXPECT_EQ(profile.ledger.Find(kPurchase)->count, 1u);
}

TEST(Fold, RemembersAnIdForAWeekAfterItsReceipt) {
  Profile profile;
  const absl::Time long_ago = kNow - absl::Hours(24 * 3000);
  EXPECT_TRUE(Fold(profile, Purchase("history", long_ago), kNow));
  EXPECT_FALSE(Fold(profile, Purchase("history", long_ago), kNow + kSeenFor));
  EXPECT_TRUE(Fold(profile, Purchase("later"), kNow + kSeenFor + absl::Hours(48)));
  ASSERT_EQ(profile.seen.size(), 1u);
  EXPECT_EQ(profile.compacted, 0u) << "what is forgotten in time is not lost";
}

TEST(Fold, KeepsNoHoursOfHistory) {
  Profile profile;
  Fold(profile, Purchase("a", kNow - absl::Hours(24 * 30)), kNow);
  Fold(profile, Purchase("b", kNow - absl::Hours(2)), kNow);
  Fold(profile, Purchase("c", kNow - absl::Hours(24 * 60)), kNow);
  EXPECT_EQ(profile.ledger.Find(kPurchase)->hours.size(), 1u);
  EXPECT_EQ(profile.ledger.Find(kPurchase)->days.size(), 3u);
}

TEST(ForgetExpired, LeavesWhatIsPromised) {
  Profile profile;
  Fold(profile, Purchase("a"), kNow);
  AddContact(profile, Shown(1, kNow), kNow);
  const Profile fresh = profile;
  ForgetExpired(profile, kNow + absl::Hours(20));
  EXPECT_EQ(profile, fresh);
  ForgetExpired(profile, kNow + kSeenFor);
  EXPECT_EQ(profile.seen, fresh.seen);
  EXPECT_EQ(profile.contacts, fresh.contacts);
  EXPECT_TRUE(profile.ledger.Find(kPurchase)->hours.empty());
  ForgetExpired(profile, kNow + kSeenFor + absl::Hours(48));
  EXPECT_TRUE(profile.seen.empty());
  ForgetExpired(profile, kNow + kContactsFor);
  EXPECT_TRUE(profile.contacts.empty());
  EXPECT_EQ(profile.ledger.Find(kPurchase)->count, 1u);
  EXPECT_EQ(profile.compacted, 0u);
}

TEST(Fold, ForgetsTheOldestIdBeyondTheBoundAndCountsIt) {
  Profile profile;
  for (size_t i = 0; i < Profile::kMaxSeenEvents + 10; ++i) EXPECT_TRUE(Fold(profile, Purchase(absl::StrCat(i)), kNow));
  EXPECT_EQ(profile.seen.size(), Profile::kMaxSeenEvents);
  EXPECT_EQ(profile.compacted, 10u);
  EXPECT_FALSE(Fold(profile, Purchase("10"), kNow));
  EXPECT_TRUE(Fold(profile, Purchase("9"), kNow));
}

TEST(Fold, AddsToTheSeriesOfItsLabelsAndToItsAffinities) {
  Profile profile;
  Event event = Purchase("a");
  event.labelled = {NameId{11}, NameId{12}};
  event.affinities = {NameId{21}, NameId{22}};
  EXPECT_TRUE(Fold(profile, event, kNow));
  EXPECT_FALSE(Fold(profile, event, kNow));
  for (NameId series : {kPurchase, NameId{11}, NameId{12}}) {
    ASSERT_NE(profile.ledger.Find(series), nullptr);
    EXPECT_EQ(profile.ledger.Find(series)->count, 1u);
    EXPECT_EQ(profile.ledger.Find(series)->value_micros, 1000000);
  }
  EXPECT_EQ(profile.ledger.series().size(), 3u);
  ASSERT_EQ(profile.affinities.size(), 2u);
  EXPECT_NEAR(AffinityOf(profile, NameId{21}, kNow), 1, 1e-4);
}

TEST(Fold, CountsAnExposureOnceHoweverOftenItIsShown) {
  Profile profile;
  Event impression = Purchase("i1");
  impression.shown = Shown(1, kNow);
  impression.counted = true;
  EXPECT_TRUE(Fold(profile, impression, kNow));
  impression.id = "i2";
  EXPECT_TRUE(Fold(profile, impression, kNow));
  EXPECT_EQ(profile.contacts.size(), 1u);
}

TEST(AddContact, KeepsTheOrderOfTimeAndTheBound) {
  Profile profile;
  AddContact(profile, Shown(1, kNow), kNow);
  AddContact(profile, Shown(2, kNow - absl::Hours(1)), kNow);
  EXPECT_EQ(profile.contacts[0].decision, 2u);
  for (uint64_t i = 3; i < 500; ++i) AddContact(profile, Shown(i, kNow + absl::Seconds(i)), kNow + absl::Seconds(i));
  EXPECT_EQ(profile.contacts.size(), Profile::kMaxContacts);
  EXPECT_EQ(profile.contacts.back().decision, 499u);
  EXPECT_EQ(profile.compacted, 499u - Profile::kMaxContacts);
}

// They tell a retry what it was given; the others hold limits.
TEST(AddContact, WhatCountsNowhereGivesWayFirst) {
  Profile profile;
  AddContact(profile, Shown(1, kNow), kNow);
  for (uint64_t i = 2; i < 1000; ++i) {
    Contact uncounted = Shown(i, kNow + absl::Seconds(i));
    uncounted.channel = NameId{};
    AddContact(profile, uncounted, uncounted.at);
  }
  EXPECT_EQ(profile.contacts.size(), Profile::kMaxContacts);
  EXPECT_EQ(profile.contacts.front().decision, 1u);
  EXPECT_EQ(profile.contacts.back().decision, 999u);
  for (uint64_t i = 1000; i < 1300; ++i)
    AddContact(profile, Shown(i, kNow + absl::Seconds(i)), kNow + absl::Seconds(i));
  Contact late = Shown(2000, kNow + absl::Seconds(2000));
  late.channel = NameId{};
  AddContact(profile, late, late.at);
  EXPECT_EQ(profile.contacts.size(), Profile::kMaxContacts);
  EXPECT_EQ(profile.contacts.back().decision, 1299u);
}

TEST(AddContact, DropsWhatNoLimitLooksBackTo) {
  Profile profile;
  AddContact(profile, Shown(1, kNow), kNow);
  AddContact(profile, Shown(2, kNow + kContactsFor), kNow + kContactsFor);
  ASSERT_EQ(profile.contacts.size(), 1u);
  EXPECT_EQ(profile.contacts[0].decision, 2u);
}

TEST(AddContact, KeepsWhatCountsNowhereForADay) {
  Profile profile;
  Contact beside = Shown(1, kNow);
  beside.channel = NameId{};
  AddContact(profile, beside, kNow);
  AddContact(profile, Shown(1, kNow), kNow);
  EXPECT_EQ(profile.contacts.size(), 2u);
  EXPECT_EQ(CountContacts(profile, kNow - absl::Hours(1), kNow, [](const Contact&) { return true; }), 1);
  EXPECT_FALSE(HasExpired(profile, kNow + kUncountedFor - absl::Milliseconds(1)));
  EXPECT_TRUE(HasExpired(profile, kNow + kUncountedFor));
  ForgetExpired(profile, kNow + kUncountedFor);
  EXPECT_FALSE(HasExpired(profile, kNow + kUncountedFor));
  EXPECT_EQ(profile.contacts, std::vector<Contact>{Shown(1, kNow)});
}

TEST(Fold, KeepsOutcomesInTheOrderOfTimeAndOnceEach) {
  Profile profile;
  Event dismissed = Purchase("e1");
  dismissed.outcome_of = NameId{7};
  EXPECT_TRUE(Fold(profile, dismissed, kNow));
  EXPECT_FALSE(Fold(profile, dismissed, kNow)) << "sent again";
  const Outcome first{NameId{7}, dismissed.type, dismissed.time};
  EXPECT_EQ(profile.outcomes, std::vector<Outcome>{first});
  dismissed.id = "e2";
  dismissed.time -= absl::Hours(1);
  EXPECT_TRUE(Fold(profile, dismissed, kNow));
  EXPECT_EQ(profile.outcomes, (std::vector<Outcome>{{NameId{7}, dismissed.type, dismissed.time}, first}));
  EXPECT_TRUE(Fold(profile, Purchase("e3"), kNow));
  EXPECT_EQ(profile.outcomes.size(), 2u);
  const absl::Time end = dismissed.time + kOutcomesFor;
  ForgetExpired(profile, end - absl::Milliseconds(1));
  EXPECT_EQ(profile.outcomes.size(), 2u);
  EXPECT_TRUE(HasExpired(profile, end));
  ForgetExpired(profile, end);
  EXPECT_EQ(profile.outcomes, std::vector<Outcome>{first});
}

TEST(Fold, KeepsTheNewestOutcomesAndSaysThatSomeMayLack) {
  Profile profile;
  Event dismissed = Purchase("e");
  dismissed.outcome_of = NameId{7};
  for (size_t i = 0; i < Profile::kMaxOutcomes; ++i) {
    EXPECT_FALSE(MayLackOutcomes(profile, kNow - absl::Hours(1))) << i;
    dismissed.id += "x";
    dismissed.time = kNow + absl::Seconds(static_cast<int64_t>(i));
    EXPECT_TRUE(Fold(profile, dismissed, kNow));
  }
  EXPECT_TRUE(MayLackOutcomes(profile, kNow - absl::Hours(1)));
  EXPECT_FALSE(MayLackOutcomes(profile, kNow));
  dismissed.id = "last";
  EXPECT_TRUE(Fold(profile, dismissed, kNow));
  EXPECT_EQ(profile.outcomes.size(), Profile::kMaxOutcomes);
  EXPECT_EQ(profile.outcomes.front().at, kNow + absl::Seconds(1));
  EXPECT_EQ(profile.compacted, 1u);
}

TEST(CountContacts, TakesTheWindowWithItsEndAndWithoutItsBeginning) {
  Profile profile;
  AddContact(profile, Shown(1, kNow), kNow);
  const auto any = [](const Contact&) { return true; };
  EXPECT_EQ(CountContacts(profile, kNow, absl::InfiniteFuture(), any), 0);
  EXPECT_EQ(CountContacts(profile, kNow - absl::Milliseconds(1), kNow, any), 1);
  EXPECT_EQ(CountContacts(profile, kNow - absl::Hours(1), kNow - absl::Milliseconds(1), any), 0);
}

TEST(Compact, DropsTheOldestDaysAndKeepsTheTotals) {
  Profile profile;
  for (uint32_t type = 1; type <= 20; ++type) {
    for (int day = 0; day < 300; ++day) profile.ledger.Add(NameId{type}, kNow + absl::Hours(24 * day), 1);
  }
  const size_t before = BoundBytes(profile);
  ASSERT_GT(before, 16u * 1024);
  Compact(profile, 16 * 1024);
  EXPECT_LE(BoundBytes(profile), 16u * 1024);
  EXPECT_GT(profile.compacted, 0u);
  for (const Series& series : profile.ledger.series()) {
    EXPECT_EQ(series.count, 300u);
    EXPECT_GT(series.days.size(), 1u);
    EXPECT_EQ(series.days.back().index, profile.ledger.series()[0].days.back().index);
  }
  EXPECT_EQ(profile.ledger.series().size(), 20u);
  const Profile compacted = profile;
  Compact(profile, 16 * 1024);
  EXPECT_EQ(profile, compacted);
}

TEST(Compact, LetsTheSeriesGoAtLastWhoseLastEventIsTheLongestAgo) {
  Profile profile;
  for (uint32_t label = 1; label <= 1024; ++label) {
    profile.ledger.Add(NameId{label * 7919 % 1024 + 1}, kNow + absl::Hours(label), 1);
    profile.seen.push_back({label, 20'000});
  }
  Compact(profile, 16 * 1024);
  EXPECT_LE(BoundBytes(profile), 16u * 1024);
  const std::vector<Series>& kept = profile.ledger.series();
  EXPECT_GT(kept.size(), 150u);
  EXPECT_EQ(profile.compacted, 1024 + 1024 - kept.size());
  for (uint32_t label = 1; label <= 1024; ++label) {
    EXPECT_EQ(profile.ledger.Find(NameId{label * 7919 % 1024 + 1}) != nullptr, label > 1024 - kept.size()) << label;
  }
}

}  // namespace
}  // namespace waymark::segmentation
