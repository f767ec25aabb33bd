#include "segmentation/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "segmentation/affinity.h"
#include "segmentation/expression/program.h"

namespace waymark::segmentation {
namespace {

using expression::Kind;
using expression::Type;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

Vocabulary MakeVocabulary() {
  return {.traits = {{"age", Type::Of(Kind::kInt)},
                     {"country", Type::Of(Kind::kString)},
                     {"likes", Type::ListOf(Type::Of(Kind::kString))}},
          .context = {{"cart_value", Type::Of(Kind::kDouble)}},
          .purposes = {"marketing"},
          .events = {"purchase", "view_item", "purchase/shoes"},
          .labels = {"shoes", "Home & Garden"},
          .channels = {"email"},
          .actions = {"voucher"},
          .segments = {"adult", "adult_buyer"},
          .primary_journey = "shopping",
          .stages = {"awareness", "purchase"}};
}

// One customer, and rules asked of it.
class Asked {
 public:
  Asked() : facts_(MakeVocabulary()) {
    SetTrait(profile_, NameIdOf("age"), int64_t{41});
    SetTrait(profile_, NameIdOf("likes"), std::vector<std::string>{"tea", "wine"});
    SetConsent(profile_, {NameIdOf("marketing"), true, kNow});
    profile_.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(24 * 10), 12'500'000);
    profile_.ledger.Add(NameIdOf("purchase"), kNow - absl::Hours(3), 7'500'000);
    profile_.ledger.Add(NameIdOf("purchase/shoes"), kNow - absl::Hours(3), 7'500'000);
    AddAffinity(profile_, NameIdOf("shoes"), kNow - absl::Hours(24 * 30));
    AddAffinity(profile_, NameIdOf("email"), kNow);
    profile_.contacts.push_back({NameIdOf("voucher"), NameIdOf("email"), kNow - absl::Minutes(30), 1});
    context_.push_back({NameIdOf("cart_value"), 99.5});
    segments_.push_back({NameIdOf("adult"), Compile("customer.age >= 18"), absl::nullopt});
    segments_.push_back({NameIdOf("adult_buyer"), Compile("in_segment('adult') && ever('purchase')"), absl::nullopt});
    position_ = {
        .journey = NameIdOf("shopping"),
        .current = {NameIdOf("purchase"), kNow - absl::Hours(50)},
        .history = {{NameIdOf("purchase"), kNow - absl::Hours(900)}, {NameIdOf("awareness"), kNow - absl::Hours(500)}},
        .forgotten = {{NameIdOf("awareness"), 9}, {NameIdOf("purchase"), 3}}};
    std::sort(position_.forgotten.begin(), position_.forgotten.end(),
              [](const ForgottenVisits& a, const ForgottenVisits& b) { return a.stage < b.stage; });
    profile_.scores = {{NameIdOf("ces"), kNow, 6'000'000},
                       {NameIdOf("csat"), kNow, 4'000'000},
                       {NameIdOf("nps"), kNow, 0},
                       {NameIdOf("rate_product"), kNow, 3'500'000},
                       {NameIdOf("sentiment"), kNow, -250'000}};
    std::sort(profile_.scores.begin(), profile_.scores.end(),
              [](const Score& a, const Score& b) { return a.type < b.type; });
  }

  expression::Program Compile(absl::string_view rule) {
    expression::Compilation compilation = expression::Compile(rule, facts_);
    for (const expression::Issue& issue : compilation.issues) ADD_FAILURE() << rule << ": " << issue.message;
    return *compilation.program;
  }

  std::string Ask(absl::string_view rule) {
    const expression::Program program = Compile(rule);
    FactFrame frame(facts_, segments_, profile_, context_, kNow);
    frame.set_position(&position_);
    return expression::DebugString(frame.Evaluate(program));
  }

  Profile& profile() { return profile_; }
  FactSet& facts() { return facts_; }

 private:
  FactSet facts_;
  std::vector<SegmentRule> segments_;
  Profile profile_;
  Context context_;
  JourneyPosition position_;
};

TEST(Facts, MeanWhatTheTableSays) {
  const struct {
    const char* rule;
    const char* value;
  } kTable[] = {
      {"customer.age", "41"},
      {"'wine' in customer.likes", "true"},
      {"has(customer.country)", "false"},
      {"has(customer.age) && customer.age < 50", "true"},
      {"consent.marketing", "true"},
      {"context.cart_value > 99.0", "true"},
      {"count('purchase', days(30))", "2"},
      {"count('purchase', hours(6))", "1"},
      {"count('view_item', days(30))", "0"},
      {"total('purchase', days(30)) == 20.0", "true"},
      {"ever('purchase')", "true"},
      {"ever('view_item')", "false"},
      {"days_since('purchase')", "0"},
      {"now - first('purchase') == duration('240h')", "true"},
      {"last('purchase') < now", "true"},
      {"count('purchase/shoes', days(30))", "1"},
      {"total('purchase/shoes', days(30)) == 7.5 && ever('purchase/shoes')", "true"},
      {"affinity('shoes') > 0.49 && affinity('shoes') < 0.51", "true"},
      {"affinity('email') > 0.99 && affinity('email') < 1.01", "true"},
      {"affinity('Home & Garden')", "0.0"},
      {"in_segment('adult_buyer')", "true"},
      {"contacts('voucher', hours(1))", "1"},
      {"contacts('email', hours(1))", "1"},
      {"contacts('email', duration('10m'))", "0"},
      {"stage == 'purchase' && previous_stage == 'awareness' && days_in_stage == 2", "true"},
      {"stage_visits", "5"},
      {"nps", "0"},
      {"csat", "4"},
      {"ces", "6"},
      {"rating", "3.5"},
      {"sentiment", "-0.25"},
      {"has(nps) && nps <= 6", "true"},
  };
  Asked asked;
  for (const auto& row : kTable) EXPECT_EQ(asked.Ask(row.rule), row.value) << row.rule;
}

TEST(Facts, SayWhatIsNotKnown) {
  Asked asked;
  EXPECT_THAT(asked.Ask("customer.country == 'DE'"), HasSubstr("customer.country is not known"));
  EXPECT_THAT(asked.Ask("days_since('view_item') > 3"), HasSubstr("`view_item` never happened"));
}

TEST(Facts, ScoresAreNotKnownUntilTheyAreGiven) {
  Asked asked;
  asked.profile().scores.clear();
  for (const char* score : {"nps", "csat", "ces", "rating", "sentiment"}) {
    EXPECT_THAT(asked.Ask(score), HasSubstr(absl::StrFormat("%s is not known", score)));
    EXPECT_EQ(asked.Ask(absl::StrFormat("has(%s)", score)), "false");
  }
}

TEST(Facts, TakeAValueOfAnEarlierTypeForNotKnown) {
  Asked asked;
  SetTrait(asked.profile(), NameIdOf("age"), std::string("41"));
  EXPECT_EQ(asked.Ask("has(customer.age)"), "false");
}

TEST(Facts, RefuseWhatIsNotDeclared) {
  const struct {
    const char* rule;
    const char* message;
  } kTable[] = {
      {"customer.agee > 1", "customer.age"},
      {"count('purchas', days(3)) > 1", "purchase"},
      {"count('purchase') > 1", "count() takes (event, window)"},
      {"count('purchase', days(401)) > 1", "at most 400 days"},
      {"count('purchase', 30) > 1", "is a duration"},
      {"count('purchase/shoe', days(3)) > 1", "did you mean `purchase/shoes`"},
      {"affinity('shoe') > 1.0", "no label or channel `shoe` is declared; did you mean `shoes`?"},
      {"affinity('emial') > 1.0", "did you mean `email`"},
      {"affinity('purchase') > 1.0", "no label or channel"},
      {"affinity('shoes', days(3)) > 1.0", "affinity() takes (label or channel)"},
      {"affinity(3) > 1.0", "a name in quotes"},
      {"in_segment('adutl')", "adult"},
      {"contacts('emial', days(1)) > 1", "email"},
      {"count(stage, days(1)) > 1", "constant"},
  };
  Asked asked;
  for (const auto& row : kTable) {
    const expression::Compilation compilation = expression::Compile(row.rule, asked.facts());
    ASSERT_FALSE(compilation.issues.empty()) << row.rule;
    EXPECT_THAT(compilation.issues[0].message, HasSubstr(row.message)) << row.rule;
  }
}

// Who is in stays until leave_when holds; who is out enters where enter_when holds and leave_when does not.
TEST(Facts, AHystereticSegmentDependsOnWhetherTheCustomerWasIn) {
  const struct {
    int64_t age;
    bool was_in;
    bool in;
  } kTable[] = {{50, false, false}, {50, true, true},   {60, false, true}, {60, true, true},
                {39, true, false},  {39, false, false}, {40, true, true},  {40, false, false}};
  Asked asked;
  const SegmentRule senior{NameIdOf("senior"), asked.Compile("customer.age >= 60"), asked.Compile("customer.age < 40")};
  for (const auto& row : kTable) {
    Profile profile;
    SetTrait(profile, NameIdOf("age"), row.age);
    if (row.was_in) profile.derived.segments = {NameIdOf("senior")};
    const Context no_context;
    FactFrame frame(asked.facts(), absl::MakeConstSpan(&senior, 1), profile, no_context, kNow);
    EXPECT_EQ(frame.WasInSegment(0), row.was_in);
    EXPECT_EQ(frame.InSegment(0), row.in) << row.age << (row.was_in ? " in" : " out");
  }
}

TEST(Facts, ALeaveRuleThatErrsKeepsAndOneThatHoldsKeepsOut) {
  Asked asked;
  const Context no_context;
  Profile was_in;
  was_in.derived.segments = {NameIdOf("s")};
  const SegmentRule errs{NameIdOf("s"), asked.Compile("ever('purchase')"), asked.Compile("customer.age < 40")};
  EXPECT_TRUE(FactFrame(asked.facts(), absl::MakeConstSpan(&errs, 1), was_in, no_context, kNow).InSegment(0));
  const SegmentRule both{NameIdOf("s"), asked.Compile("customer.age > 1"), asked.Compile("customer.age > 2")};
  EXPECT_FALSE(FactFrame(asked.facts(), absl::MakeConstSpan(&both, 1), asked.profile(), no_context, kNow).InSegment(0));
}

TEST(Facts, ShareASlotForEqualMentions) {
  Asked asked;
  const size_t before = asked.facts().facts().size();
  const expression::Program a = asked.Compile("count('view_item', days(7)) > 1");
  const expression::Program b = asked.Compile("count('view_item', duration('168h')) > 3");
  EXPECT_EQ(a.facts(), b.facts());
  EXPECT_EQ(asked.facts().facts().size(), before + 1);
}

// A population in which everyone who bought within 30 days is recent, and two orders are many.
Population SmallPopulation() {
  Population population;
  population.purchase = NameIdOf("purchase");
  population.horizon = absl::Hours(24 * 365);
  population.rfm = {{2, 12, 30, 60}, {1, 1, 1, 1}, {5, 10, 15, 30}};
  population.bg_nbd = BgNbd{0.243, 4.414, 0.793, 2.426};
  population.gamma_gamma = GammaGamma{6.25, 3.74, 15.44};
  return population;
}

TEST(Facts, OfThePopulationAreKnownOnceThereIsOne) {
  Asked asked;
  const Context no_context;
  const Population population = SmallPopulation();
  const PopulationReader reader(population, asked.profile(), kNow);
  const auto ask = [&](absl::string_view rule, const Population* known, const Profile& profile) {
    const expression::Program program = asked.Compile(rule);
    FactFrame frame(asked.facts(), {}, profile, no_context, kNow);
    frame.set_population(known);
    return expression::DebugString(frame.Evaluate(program));
  };
  const struct {
    std::string rule;
    std::string value;
  } table[] = {
      {"rfm.recency", "5"},
      {"rfm.frequency", "5"},
      {"rfm.monetary", "4"},
      {"rfm.cell", "'554'"},
      {"rfm.segment == 'champions'", "true"},
      {"churn_risk == " + absl::StrFormat("%.17g", 1 - *reader.probability_alive()), "true"},
      {"expected_purchases == " + absl::StrFormat("%.17g", *reader.expected_purchases(population.horizon)), "true"},
      {"lifetime_value == " + absl::StrFormat("%.17g", *reader.lifetime_value()), "true"},
      {"has(persona)", "false"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(ask(row.rule, &population, asked.profile()), row.value) << row.rule;
    EXPECT_THAT(ask(row.rule, nullptr, asked.profile()), ::testing::AnyOf(HasSubstr("is not known"), "false"));
    EXPECT_THAT(ask(row.rule, &population, Profile()), ::testing::AnyOf(HasSubstr("is not known"), "false"));
  }
}

TEST(FactTable, DescribesEveryRow) {
  for (const FactDescription& row : FactTable()) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_FALSE(row.type.empty()) << row.name;
  }
}

}  // namespace
}  // namespace waymark::segmentation
