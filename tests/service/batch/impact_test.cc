#include "service/batch/impact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/support/playbooks.h"

namespace waymark::batch {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;
using ::testing::SizeIs;
using testing_support::MustCompile;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

// Customers aged 0 to 99; every third one bought.
std::vector<std::pair<std::string, Profile>> Customers() {
  std::vector<std::pair<std::string, Profile>> customers;
  for (int age = 0; age < 100; ++age) {
    Profile profile;
    segmentation::SetTrait(profile, NameIdOf("age"), int64_t{age});
    if (age % 3 == 0) profile.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(5), 1'000'000);
    customers.push_back({absl::StrCat("c", age), std::move(profile)});
  }
  return customers;
}

const SegmentImpact& Of(const Impact& impact, absl::string_view name) {
  auto it = std::find_if(impact.segments().begin(), impact.segments().end(),
                         [&](const SegmentImpact& segment) { return segment.segment == name; });
  EXPECT_NE(it, impact.segments().end()) << name;
  return *it;
}

constexpr absl::string_view kCurrent = R"yaml(
traits: [{name: age, type: INT}]
segments:
  - {name: adult, when: customer.age >= 18}
  - {name: gone, when: customer.age >= 90}
journeys: [{name: shopping, stages: [{name: start, goal: Look}, {name: bought, enter_when: ever("purchase")}]}]
)yaml";

constexpr absl::string_view kCandidate = R"yaml(
traits: [{name: age, type: INT}]
segments:
  - {name: fresh, when: customer.age < 10}
  - {name: adult, when: customer.age >= 16 && customer.age < 66}
journeys: [{name: shopping, stages: [{name: start, goal: Look}, {name: grown, enter_when: customer.age >= 50}, {name: bought, enter_when: ever("purchase")}]}]
)yaml";

TEST(Impact, CountsWhoEntersAndLeaves) {
  Impact impact = Impact::OfPlaybook(MustCompile(kCurrent, 3), MustCompile(kCandidate, 4), 5);
  for (const auto& [customer, profile] : Customers()) impact.Add(customer, profile, kNow);
  ASSERT_THAT(impact.segments(), SizeIs(3));
  const SegmentImpact& adult = Of(impact, "adult");
  EXPECT_EQ(adult.members, 50);
  EXPECT_EQ(adult.members_before, 82);
  EXPECT_EQ(adult.entering, 2);
  EXPECT_EQ(adult.leaving, 34);
  EXPECT_THAT(adult.sample_members.customers(), SizeIs(5));
  EXPECT_THAT(adult.sample_entering.customers(), ::testing::UnorderedElementsAre("c16", "c17"));
  EXPECT_EQ(Of(impact, "fresh").entering, 10);
  EXPECT_EQ(Of(impact, "gone").members, 0);
  EXPECT_EQ(Of(impact, "gone").leaving, 10);
  ASSERT_THAT(impact.stages(), SizeIs(3));
  EXPECT_EQ(impact.stages()[1].stage, "grown");
  EXPECT_EQ(impact.stages()[1].customers, 33);
  EXPECT_EQ(impact.stages()[1].customers_before, 0);
  EXPECT_EQ(impact.stages()[0].leaving, 33);
  EXPECT_EQ(impact.stages()[2].entering, 0);
}

TEST(Impact, LooksAtOneSegmentAlone) {
  Impact impact = Impact::OfSegment(MustCompile(kCurrent), MustCompile(kCandidate), 1, 0);
  for (const auto& [customer, profile] : Customers()) impact.Add(customer, profile, kNow);
  ASSERT_THAT(impact.segments(), SizeIs(1));
  EXPECT_EQ(impact.segments()[0].leaving, 34);
  EXPECT_THAT(impact.segments()[0].sample_members.customers(), SizeIs(0));
  EXPECT_THAT(impact.stages(), SizeIs(0));
}

TEST(Impact, OfAFirstPlaybookEverythingIsNew) {
  Impact impact = Impact::OfPlaybook(nullptr, MustCompile(kCandidate), 0);
  for (const auto& [customer, profile] : Customers()) impact.Add(customer, profile, kNow);
  EXPECT_EQ(Of(impact, "adult").entering, 50);
  EXPECT_EQ(impact.stages()[2].entering, 34);
}

TEST(CustomerSample, IsTheSameWhateverTheOrder) {
  std::vector<std::string> customers;
  for (int i = 0; i < 200; ++i) customers.push_back(absl::StrCat("c", i));
  CustomerSample forward(7), backward(7);
  for (const std::string& customer : customers) forward.Offer(customer);
  std::reverse(customers.begin(), customers.end());
  for (const std::string& customer : customers) backward.Offer(customer);
  EXPECT_THAT(forward.customers(), SizeIs(7));
  EXPECT_EQ(forward.customers(), backward.customers());
}

}  // namespace
}  // namespace waymark::batch
