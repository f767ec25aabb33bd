// That common rules are evaluated without the heap. Counts every `operator new` of this program.

#include <cstdlib>
#include <new>
#include <string>

#include "absl/base/attributes.h"
#include "gtest/gtest.h"
#include "segmentation/expression/program.h"
#include "segmentation/facts.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace {

int allocations = 0;

}  // namespace

// Not inlined, so that the compiler sees no malloc() beside a delete.
ABSL_ATTRIBUTE_NOINLINE void* operator new(size_t size) {
  ++allocations;
  if (void* place = std::malloc(size)) return place;
  std::abort();
}
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* place) noexcept { std::free(place); }
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* place, size_t) noexcept { std::free(place); }

namespace waymark::expression {
namespace {

// How many allocations the rule's evaluation makes, with a fresh arena, once what is made on first use (the table of
// functions, time zones) is there.
int AllocationsOf(absl::string_view rule) {
  FakeFacts facts = ShopFacts();
  const Compilation compiled = Compile(rule, facts);
  EXPECT_TRUE(compiled.program.has_value()) << rule;
  if (!compiled.program) return -1;
  Arena first_use;
  compiled.program->Evaluate(facts, first_use);
  const int before = allocations;
  Arena arena;
  const Value value = compiled.program->Evaluate(facts, arena);
  const int made = allocations - before;
  EXPECT_NE(value.kind(), Kind::kNull) << rule;
  return made;
}

class AllocationTest : public testing::TestWithParam<const char*> {};

TEST(CountingTest, Counts) {
  const int before = allocations;
  delete new std::string(100, 'x');
  EXPECT_EQ(allocations - before, 2);
}

TEST_P(AllocationTest, NoneInEvaluation) {
  // Fakes build the messages of missing facts beforehand, so an error makes none either.
  EXPECT_EQ(AllocationsOf(GetParam()), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, AllocationTest,
    testing::Values(
        "customer.age >= 18 && customer.age < 65 && spend > 100.0 && orders > 3u && customer.country == 'AT'",
        "customer.country in ['DE', 'CH', 'AT']", "has(customer.email) && customer.email != ''",
        "customer.email == 'a' || customer.age + 2 * 3 > 4", "customer.email == 'a'", "any + 'a'",
        "now - days(30) < now", "now.getHours('Europe/Vienna') < 18", "customer.country.matches('^[A-Z]+$')",
        "customer.country.startsWith('A') || customer.country.contains('T')", "customer.tags.exists(t, t == 'vip')",
        "context.page == 'cart' && 'items' in context", "count('purchase', days(30)) > 2 ? 'often' : 'rarely'",
        "string(customer.age) + string(spend) + string(now)", "[customer.age, 2].map(n, n * 2).size() == 2"));

// A customer's facts too, read for the first time: only the frame itself is made with the heap.
TEST(FrameAllocationTest, NoneInEvaluation) {
  using segmentation::NameIdOf;
  segmentation::FactSet facts({.traits = {{"age", Type::Of(Kind::kInt)},
                                          {"country", Type::Of(Kind::kString)},
                                          {"tags", Type::ListOf(Type::Of(Kind::kString))}},
                               .events = {"purchase"}});
  const Compilation compiled = Compile(
      "customer.age >= 18 && customer.country != 'DE' && 'vip' in customer.tags && count('purchase', days(30)) > 0 && "
      "total('purchase', days(365)) >= 10.0 && count('purchase', hours(24)) < 5 && days_since('purchase') < 30",
      facts);
  ASSERT_TRUE(compiled.program.has_value());
  const absl::Time now = absl::FromUnixSeconds(1780000000);
  segmentation::Profile profile;
  segmentation::SetTrait(profile, NameIdOf("age"), int64_t{41});
  segmentation::SetTrait(profile, NameIdOf("country"), std::string("a country's name that is long"));
  segmentation::SetTrait(profile, NameIdOf("tags"), std::vector<std::string>{"new", "vip"});
  profile.ledger.Add(NameIdOf("purchase"), now - absl::Hours(48), 12'500'000);
  const segmentation::Context context;
  segmentation::FactFrame frame(facts, {}, profile, context, now);
  const int before = allocations;
  EXPECT_TRUE(frame.Evaluate(*compiled.program).holds());
  EXPECT_EQ(allocations - before, 0);
}

}  // namespace
}  // namespace waymark::expression
