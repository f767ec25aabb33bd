#include "service/engine/derive.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "segmentation/profile.h"
#include "tests/support/playbooks.h"

namespace waymark::engine {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Profile;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

constexpr absl::string_view kPlaybook = R"yaml(
name: shop
traits: [{name: age, type: INT}, {name: country, type: STRING}, {name: tags, type: STRING_LIST}]
journeys: [{name: shopping, preset: SIX_STAGES}, {name: care, stages: [{name: calm, goal: Be content}, {name: heard, enter_when: 'ever("search")'}]}]
segments:
  - {name: grown, when: 'customer.age >= 18'}
  - {name: near, when: 'has(customer.country) && customer.country == "DE"'}
  - {name: tagged, when: '"a" in customer.tags'}
  - {name: busy, when: 'count("search", days(30)) > 1 || count("search", hours(6)) > 0'}
  - {name: buyer, enter_when: 'total("purchase", days(365)) > 40.0', leave_when: 'days_since("purchase") > 200'}
  - {name: quiet, when: '!in_segment("busy") && !in_segment("buyer")'}
  - {name: staged, when: 'stage == "purchase" || days_in_stage > 3'}
)yaml";

Profile AnyProfile(std::mt19937_64& random) {
  Profile profile;
  const auto maybe = [&random] { return random() % 2 == 0; };
  if (maybe()) SetTrait(profile, NameIdOf("age"), static_cast<int64_t>(random() % 40));
  if (maybe()) SetTrait(profile, NameIdOf("country"), std::string(maybe() ? "DE" : "AT"));
  if (maybe()) SetTrait(profile, NameIdOf("tags"), std::vector<std::string>{"b", maybe() ? "a" : "c"});
  for (const char* event : {"search", "purchase", "view_item"}) {
    for (uint64_t i = random() % 3; i > 0; --i) {
      profile.ledger.Add(NameIdOf(event), kNow - absl::Minutes(static_cast<int64_t>(random() % 500'000)), 30'000'000);
    }
  }
  return profile;
}

// Nothing of one customer is left when the next one is derived.
TEST(DeriverTest, SaysOfEachWhatDeriveSaysOfOne) {
  const std::shared_ptr<const playbook::Playbook> playbook = testing_support::MustCompile(kPlaybook, 1);
  std::mt19937_64 random(5);
  Deriver then(*playbook, kNow - absl::Hours(24 * 20));
  Deriver now(*playbook, kNow);
  std::vector<size_t> members;
  for (int i = 0; i < 2000; ++i) {
    Profile profile = AnyProfile(random);
    if (random() % 4 != 0) Adopt(then.Derive(profile), *playbook, profile);
    const Derivation alone = Derive(*playbook, profile, kNow);
    const Derivation& next = now.Derive(profile);
    ASSERT_EQ(next.positions, alone.positions) << i;
    ASSERT_EQ(next.segments, alone.segments) << i;
    members.push_back(next.segments.size());
  }
  EXPECT_GT(*std::max_element(members.begin(), members.end()), *std::min_element(members.begin(), members.end()) + 3);
}

TEST(AdoptTest, DropsTextsThatThePlaybookDoesNotKeep) {
  const auto keeping = testing_support::MustCompile("keep_text: [complaint]", 1);
  Profile profile;
  profile.trail.comments = {{kNow, NameIdOf("complaint"), "kept"}, {kNow, NameIdOf("search"), "not kept"}};
  const Derivation derivation = Derive(*keeping, profile, kNow);
  EXPECT_TRUE(Differs(derivation, *keeping, profile));
  Adopt(derivation, *keeping, profile);
  ASSERT_EQ(profile.trail.comments.size(), 1u);
  EXPECT_EQ(profile.trail.comments[0].text, "kept");
  EXPECT_FALSE(Differs(derivation, *keeping, profile));
  const auto forgetting = testing_support::MustCompile("name: shop", 2);
  EXPECT_TRUE(Differs(derivation, *forgetting, profile));
  Adopt(derivation, *forgetting, profile);
  EXPECT_TRUE(profile.trail.comments.empty());
}

}  // namespace
}  // namespace waymark::engine
