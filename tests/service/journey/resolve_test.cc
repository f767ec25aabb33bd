#include "service/journey/resolve.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::JourneyPosition;
using segmentation::NameIdOf;
using segmentation::Profile;
using testing_support::MustCompile;

const absl::Time kStart = absl::FromUnixSeconds(1780000000);

absl::Duration Days(int n) { return absl::Hours(24) * n; }

// A customer whose position is kept from one moment to the next, as the engine keeps it.
class Traveller {
 public:
  explicit Traveller(absl::string_view playbook) : playbook_(MustCompile(playbook)) {}

  void Does(const char* event, absl::Time at) { profile_.ledger.Add(NameIdOf(event), at, 0); }

  // The stage on the first journey at that moment.
  std::string StageAt(absl::Time now) {
    const segmentation::Context no_context;
    playbook::Evaluation evaluation(*playbook_, profile_, no_context, now);
    profile_.positions = Resolve(evaluation);
    return std::string(playbook::NameOf(*playbook_, position().current.stage));
  }

  void Use(absl::string_view playbook) { playbook_ = MustCompile(playbook, 2); }
  const JourneyPosition& position() const { return *segmentation::FindPosition(profile_, playbook_->journeys[0].id); }
  const playbook::Playbook& playbook() const { return *playbook_; }

 private:
  std::shared_ptr<const playbook::Playbook> playbook_;
  Profile profile_;
};

TEST(SixStages, AreWalkedForward) {
  Traveller anna("journeys: [{name: j, preset: SIX_STAGES}]");
  EXPECT_EQ(anna.StageAt(kStart), "awareness");
  anna.Does("view_item", kStart);
  anna.Does("view_item", kStart);
  EXPECT_EQ(anna.StageAt(kStart), "interest");
  anna.Does("add_to_cart", kStart + Days(1));
  EXPECT_EQ(anna.StageAt(kStart + Days(1)), "consideration");
  anna.Does("purchase", kStart + Days(2));
  EXPECT_EQ(anna.StageAt(kStart + Days(2)), "purchase");
  anna.Does("use_product", kStart + Days(9));
  EXPECT_EQ(anna.StageAt(kStart + Days(9)), "usage");
  anna.Does("refer_friend", kStart + Days(30));
  EXPECT_EQ(anna.StageAt(kStart + Days(30)), "advocacy");
  EXPECT_EQ(anna.position().history.size(), 5u);
  EXPECT_EQ(anna.position().current.since, kStart + Days(30));
}

TEST(SixStages, LapseWithoutAnEvent) {
  Traveller anna("journeys: [{name: j, preset: SIX_STAGES}]");
  anna.Does("purchase", kStart);
  EXPECT_EQ(anna.StageAt(kStart), "purchase");
  EXPECT_EQ(anna.StageAt(kStart + Days(89)), "purchase");
  EXPECT_EQ(anna.StageAt(kStart + Days(91)), "awareness");
}

TEST(FiveStages, AreWalkedForward) {
  Traveller anna("journeys: [{name: j, preset: FIVE_STAGES}]");
  EXPECT_EQ(anna.StageAt(kStart), "awareness");
  anna.Does("search", kStart);
  EXPECT_EQ(anna.StageAt(kStart), "consideration");
  anna.Does("view_cart", kStart);
  EXPECT_EQ(anna.StageAt(kStart), "decision");
  anna.Does("purchase", kStart);
  EXPECT_EQ(anna.StageAt(kStart), "purchase");
  anna.Does("rate_product", kStart);
  EXPECT_EQ(anna.StageAt(kStart), "post_purchase");
}

constexpr absl::string_view kOwn = R"yaml(
journeys:
  - name: j
    stages:
      - {name: new, goal: Look}
      - {name: looking, enter_when: 'count("view_item", hours(6)) >= 1', leave_when: 'count("view_item", hours(24)) == 0'}
      - {name: buying, enter_when: 'count("add_to_cart", hours(2)) >= 1', leave_when: '!ever("purchase")', minimum_dwell: 12h}
      - {name: owning, enter_when: 'count("purchase", days(10)) >= 1', timeout: 20d, back_to: buying}
)yaml";

TEST(Resolve, StaysUntilTheRuleToLeaveHolds) {
  Traveller ben(kOwn);
  ben.Does("view_item", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "looking");
  EXPECT_EQ(ben.StageAt(kStart + absl::Hours(10)), "looking")
      << "the rule to enter has lapsed, the one to leave does not hold yet";
  EXPECT_EQ(ben.StageAt(kStart + absl::Hours(30)), "new");
}

TEST(Resolve, DwellsBeforeItFallsBack) {
  Traveller ben(kOwn);
  ben.Does("add_to_cart", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "buying");
  EXPECT_EQ(ben.StageAt(kStart + absl::Hours(11)), "buying");
  EXPECT_EQ(ben.StageAt(kStart + absl::Hours(13)), "new");
}

TEST(Resolve, FallsBackToWhereTheStageSays) {
  Traveller ben(kOwn);
  ben.Does("purchase", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "owning");
  EXPECT_EQ(ben.StageAt(kStart + Days(19)), "owning");
  EXPECT_EQ(ben.StageAt(kStart + Days(21)), "buying");
  EXPECT_EQ(ben.StageAt(kStart + Days(21)), "buying") << "asking twice changes nothing";
}

// Whoever asks, and whenever: the move dates from when it came to be so.
TEST(Resolve, DatesAMoveThatTimeMade) {
  Traveller ben(kOwn);
  ben.Does("purchase", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "owning");
  EXPECT_EQ(ben.StageAt(kStart + Days(400)), "buying");
  EXPECT_EQ(ben.position().current.since, kStart + Days(20));
  EXPECT_EQ(ben.StageAt(kStart + Days(401)), "buying");
  EXPECT_EQ(ben.position().current.since, kStart + Days(20));
}

TEST(Resolve, DatesALeaveByTheHour) {
  Traveller ben(kOwn);
  ben.Does("view_item", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "looking");
  EXPECT_EQ(ben.StageAt(kStart + Days(30)), "new");
  // 24 hours count the hour in which they begin whole.
  const absl::Time hour = absl::UnixEpoch() + absl::Floor(kStart - absl::UnixEpoch(), absl::Hours(1));
  EXPECT_EQ(ben.position().current.since, hour + absl::Hours(25));
}

TEST(Resolve, LapsesWithoutAnEvent) {
  Traveller ida(R"yaml(
journeys:
  - name: j
    stages:
      - {name: new, goal: Look}
      - {name: active, enter_when: 'count("view_item", hours(2)) >= 1', lapse: 5d}
)yaml");
  ida.Does("view_item", kStart);
  EXPECT_EQ(ida.StageAt(kStart), "active");
  ida.Does("search", kStart + Days(3));
  EXPECT_EQ(ida.StageAt(kStart + Days(7)), "active") << "heard of four days ago";
  EXPECT_EQ(ida.StageAt(kStart + Days(60)), "new");
  EXPECT_EQ(ida.position().current.since, kStart + Days(8));
}

TEST(Resolve, GoesBackWhereThatIsDeclared) {
  Traveller eva(R"yaml(
journeys:
  - name: j
    stages:
      - {name: looking, goal: Look}
      - {name: deciding, enter_when: 'count("view_item", days(30)) >= 1'}
      - {name: owning, enter_when: 'ever("purchase")', back_when: 'count("return", days(10)) >= count("purchase", days(10)) && ever("return")', minimum_dwell: 1h}
)yaml");
  eva.Does("view_item", kStart);
  eva.Does("purchase", kStart);
  EXPECT_EQ(eva.StageAt(kStart), "owning");
  eva.Does("return", kStart + absl::Minutes(30));
  EXPECT_EQ(eva.StageAt(kStart + absl::Minutes(30)), "owning") << "at least an hour";
  EXPECT_EQ(eva.StageAt(kStart + absl::Hours(3)), "deciding");
  EXPECT_EQ(eva.position().current.since, kStart + absl::Hours(1));
  eva.Does("purchase", kStart + absl::Hours(4));
  eva.Does("purchase", kStart + absl::Hours(4));
  EXPECT_EQ(eva.StageAt(kStart + absl::Hours(4)), "owning");
}

// What is not kept one by one any more is still counted.
TEST(Resolve, CountsForgottenVisits) {
  Traveller max(R"yaml(
journeys:
  - name: j
    stages:
      - {name: off, goal: Look}
      - {name: "on", enter_when: 'count("view_item", hours(1)) >= 1', timeout: 2h}
)yaml");
  for (int day = 0; day < 20; ++day) {
    max.Does("view_item", kStart + Days(day));
    EXPECT_EQ(max.StageAt(kStart + Days(day)), "on");
    EXPECT_EQ(max.StageAt(kStart + Days(day) + absl::Hours(5)), "off");
  }
  size_t visits = max.position().history.size() + 1;
  EXPECT_EQ(visits, 17u);
  for (const segmentation::ForgottenVisits& forgotten : max.position().forgotten) visits += forgotten.count;
  EXPECT_EQ(visits, 40u) << "the first one was on at once";
}

TEST(Resolve, SkipsStages) {
  Traveller ben(kOwn);
  ben.Does("purchase", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "owning");
  EXPECT_TRUE(ben.position().history.empty());
}

TEST(Resolve, TakesAStageThatIsGoneForNone) {
  Traveller ben(kOwn);
  ben.Does("purchase", kStart);
  EXPECT_EQ(ben.StageAt(kStart), "owning");
  ben.Use(
      "journeys: [{name: j, stages: [{name: fresh, goal: Stay}, {name: loyal, enter_when: 'ever(\"purchase\")'}]}]");
  EXPECT_EQ(ben.StageAt(kStart + Days(1)), "loyal");
}

// Whatever happens: one known stage a journey, time never runs backward, the history is bounded, and asking twice
// changes nothing.
TEST(Resolve, HoldsItsPromisesOnRandomWalks) {
  std::mt19937_64 random(3);
  const char* const kEvents[] = {"view_item", "add_to_cart", "purchase", "use_product", "share", "search"};
  for (const absl::string_view playbook : {absl::string_view("journeys: [{name: j, preset: SIX_STAGES}]"),
                                           absl::string_view("journeys: [{name: j, preset: FIVE_STAGES}]"), kOwn}) {
    Traveller walker(playbook);
    absl::Time now = kStart;
    for (int step = 0; step < 400; ++step) {
      now += absl::Hours(static_cast<int64_t>(random() % 400));
      if (random() % 2 == 0) walker.Does(kEvents[random() % 6], now);
      const std::string stage = walker.StageAt(now);
      const JourneyPosition once = walker.position();
      EXPECT_EQ(walker.StageAt(now), stage);
      EXPECT_EQ(walker.position(), once);
      EXPECT_NE(stage, "unknown");
      EXPECT_LE(once.current.since, now);
      EXPECT_LE(once.history.size(), JourneyPosition::kMaxHistory);
      for (size_t i = 1; i < once.history.size(); ++i) EXPECT_LE(once.history[i - 1].since, once.history[i].since);
    }
  }
}

}  // namespace
}  // namespace waymark::journey
