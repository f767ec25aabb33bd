#include "segmentation/expression/suggestions.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace waymark::expression {
namespace {

TEST(SuggestionsTest, NearestWithinReach) {
  const std::vector<std::string> names = {"customer.age", "customer.country", "days_since", "stage", "count"};
  EXPECT_EQ(DidYouMean("customer.aeg", names), "; did you mean `customer.age`?");
  EXPECT_EQ(DidYouMean("Customer.Country", names), "; did you mean `customer.country`?");
  EXPECT_EQ(DidYouMean("country", names), "; did you mean `customer.country`?");
  EXPECT_EQ(DidYouMean("dayssince", names), "; did you mean `days_since`?");
  EXPECT_EQ(DidYouMean("cuont", names), "; did you mean `count`?");
  EXPECT_EQ(DidYouMean("weather", names), "");
  EXPECT_EQ(DidYouMean("xy", names), "");
  EXPECT_EQ(DidYouMean("stage", {}), "");
  EXPECT_EQ(DidYouMean(std::string(1000, 'a'), names), "");
}

}  // namespace
}  // namespace waymark::expression
