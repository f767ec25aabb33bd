#include "service/playbook/compare.h"

#include <gtest/gtest.h>

namespace waymark::playbook {
namespace {

constexpr absl::string_view kBefore = R"yaml(
name: shop
currency: EUR
segments:
  - {name: vip, when: 'total("purchase", days(365)) >= 1000.0'}
  - {name: new, when: '!ever("purchase")', labels: {en: New, de: Neu}}
actions:
  - {name: voucher, kind: OFFER, lever: 2}
)yaml";

TEST(ComparePlaybooks, SeesWhatIsAddedRemovedAndChanged) {
  const auto differences = ComparePlaybooks(kBefore, R"yaml(
name: shop
currency: USD
segments:
  - {name: lost, when: 'days_since("purchase") > 300'}
  - {name: vip, when: 'total("purchase", days(365)) >= 2000.0', labels: {en: VIP}}
actions:
  - {name: voucher, kind: OFFER, lever: 2}
population: {purchase: purchase}
)yaml");
  const std::vector<Difference> expected = {
      {DifferenceKind::kChanged, "currency", "", {}},
      {DifferenceKind::kAdded, "segments", "lost", {}},
      {DifferenceKind::kRemoved, "segments", "new", {}},
      {DifferenceKind::kChanged, "segments", "vip", {"when", "labels"}},
      {DifferenceKind::kChanged, "population", "", {}},
  };
  EXPECT_EQ(differences, expected);
}

TEST(ComparePlaybooks, TakesAListOfTextsAsOneValue) {
  const std::vector<Difference> expected = {{DifferenceKind::kChanged, "keep_text", "", {}}};
  EXPECT_EQ(ComparePlaybooks("keep_text: [nps]", "keep_text: [nps, complaint]"), expected);
  EXPECT_TRUE(ComparePlaybooks("keep_text: [nps]", "keep_text: [nps]").empty());
}

TEST(ComparePlaybooks, TakesOrderNotationAndCommentsForNoDifference) {
  EXPECT_TRUE(ComparePlaybooks(kBefore, R"yaml(
# The same.
currency: "EUR"
name: shop
actions: [{lever: 2.0, kind: OFFER, name: voucher}]
segments:
  - name: new
    labels: {de: Neu, en: New}
    when: '!ever("purchase")'
  - name: vip
    when: total("purchase", days(365)) >= 1000.0
)yaml")
                  .empty());
}

}  // namespace
}  // namespace waymark::playbook
