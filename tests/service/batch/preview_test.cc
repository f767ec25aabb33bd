#include "service/batch/preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

constexpr absl::string_view kPlaybook = R"yaml(
segments: [{name: buyer, when: 'count("purchase", days(30)) >= 2'}]
)yaml";

class PreviewTest : public ::testing::Test {
 protected:
  PreviewTest() {
    engine::RecordRequest request{.tenant = "shop"};
    for (int c = 0; c < 3000; ++c) {
      for (int i = 0; i <= c % 4; ++i) {
        request.items.push_back({absl::StrCat("c", c), {.id = absl::StrCat(i), .type = "purchase"}});
      }
    }
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
  }

  absl::StatusOr<Impact> Look(const Candidate& candidate) {
    return Preview(world_.profiles, world_.clock, "shop", candidate, 10, cancellation_,
                   [this](const Impact& impact, const WalkProgress& at) {
                     ++pages_;
                     looked_at_ = at.profiles;
                     members_ = impact.segments()[0].members;
                   });
  }

  testing_support::World world_{kPlaybook};
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  int pages_ = 0;
  int64_t looked_at_ = 0;
  int64_t members_ = 0;
};

TEST_F(PreviewTest, OfAnotherRuleForASegment) {
  const auto candidate =
      CandidateOf(world_.playbooks, "shop", playbook::CandidateSegment{"buyer", "count('purchase', days(30)) >= 3"});
  ASSERT_TRUE(candidate.ok());
  const auto impact = Look(*candidate);
  ASSERT_TRUE(impact.ok()) << impact.status();
  ASSERT_EQ(impact->segments().size(), 1u);
  EXPECT_EQ(impact->segments()[0].members, 1500);
  EXPECT_EQ(impact->segments()[0].members_before, 2250);
  EXPECT_EQ(impact->segments()[0].leaving, 750);
  EXPECT_EQ(looked_at_, 3000);
  EXPECT_EQ(members_, 1500) << "the last that progress told is exact";
  EXPECT_GE(pages_, 2) << "and it told something before";
  EXPECT_EQ((*world_.playbooks.Current("shop"))->version, 1u);
}

TEST_F(PreviewTest, OfANewSegmentThatMentionsOneThatIsThere) {
  const auto candidate = CandidateOf(world_.playbooks, "shop", playbook::CandidateSegment{"", "!in_segment('buyer')"});
  const auto impact = Look(*candidate);
  EXPECT_EQ(impact->segments()[0].members, 750);
  EXPECT_EQ(impact->segments()[0].members_before, 0);
}

TEST_F(PreviewTest, OfAWholePlaybook) {
  const auto candidate =
      CandidateOf(world_.playbooks, "shop", std::string("segments: [{name: all, when: ever('purchase')}]"));
  const auto impact = Look(*candidate);
  ASSERT_EQ(impact->segments().size(), 2u);
  EXPECT_EQ(impact->segments()[0].entering, 3000);
  EXPECT_EQ(impact->segments()[1].leaving, 2250);
}

TEST_F(PreviewTest, SaysWhatIsWrong) {
  const auto segment = CandidateOf(world_.playbooks, "shop", playbook::CandidateSegment{"x", "evr('purchase')"});
  ASSERT_TRUE(segment.ok());
  ASSERT_EQ(segment->problems.size(), 1u);
  EXPECT_EQ(segment->problems[0].field, "when");
  EXPECT_THAT(segment->problems[0].message, ::testing::HasSubstr("ever"));
  const auto text = CandidateOf(world_.playbooks, "shop", std::string("nam: x"));
  EXPECT_EQ(text->problems.size(), 1u);
  EXPECT_EQ(CandidateOf(world_.playbooks, "none", playbook::CandidateSegment{"x", "true"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waymark::batch
