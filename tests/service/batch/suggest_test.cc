#include "service/batch/suggest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

class SuggestTest : public ::testing::Test {
 protected:
  // Who viewed three things or more bought; every tenth of the others did.
  SuggestTest() {
    engine::RecordRequest request{.tenant = "shop"};
    for (int c = 0; c < 1000; ++c) {
      const int views = c % 6;
      for (int i = 0; i < views; ++i) {
        request.items.push_back({absl::StrCat("c", c), {.id = absl::StrCat("v", i), .type = "view_item"}});
      }
      if (views >= 3 || c % 10 == 0) request.items.push_back({absl::StrCat("c", c), {.id = "p", .type = "purchase"}});
      request.items.push_back({absl::StrCat("c", c), {.id = "l", .type = "login"}});
    }
    EXPECT_TRUE(world_.Record(std::move(request)).ok());
  }

  absl::StatusOr<segmentation::Separation> Suggest(std::string event) {
    return SuggestSegments(world_.profiles, world_.playbooks, world_.clock,
                           {.tenant = "shop", .event = std::move(event), .max = 5}, cancellation_,
                           [](const WalkProgress&) {});
  }

  testing_support::World world_{"name: shop"};
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
};

TEST_F(SuggestTest, FindsWhatSeparatesAndItsRulesCompile) {
  const auto separation = Suggest("");
  ASSERT_TRUE(separation.ok()) << separation.status();
  EXPECT_EQ(separation->customers, 1000);
  ASSERT_FALSE(separation->rules.empty());
  const segmentation::SeparatingRule& best = separation->rules[0];
  EXPECT_THAT(best.rule, ::testing::HasSubstr("view_item"));
  EXPECT_EQ(best.customers, best.converters);
  EXPECT_GT(best.lift, 1.5);
  for (const segmentation::SeparatingRule& rule : separation->rules) {
    const auto answer =
        world_.Apply("shop", absl::StrCat("segments:\n  - name: s\n    when: |\n      ", rule.rule, "\n"));
    EXPECT_TRUE(answer->problems.empty()) << rule.rule;
  }
}

TEST_F(SuggestTest, RefusesAnUnknownEvent) {
  EXPECT_EQ(Suggest("purchas").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::batch
