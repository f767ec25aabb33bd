#include "tests/bench/sample_segments.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/playbook/compile.h"

namespace waymark::bench {
namespace {

constexpr absl::string_view kEvents[] = {"purchase",   "view_item", "add_to_cart",    "search", "login",
                                         "newsletter", "page_view", "begin_checkout", "refund", "contact_support"};
constexpr absl::string_view kWindows[] = {"hours(24)", "days(7)", "days(30)", "days(90)", "days(180)", "days(365)"};
constexpr absl::string_view kCountries[] = {"DE", "AT", "CH", "FR", "IT", "NL", "BE", "PL"};
constexpr absl::string_view kTags[] = {"running", "outdoor", "kids", "home", "garden", "sale"};
constexpr int kIntTraits = 6;
constexpr int kDoubleTraits = 4;
constexpr int kStringTraits = 5;
constexpr int kBoolTraits = 3;

class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 24; ++i) shared_.push_back(absl::StrCat("(", Comparison(0), " && ", Comparison(0), ")"));
    shared_.push_back("(total('purchase', days(365)) / double(count('purchase', days(365))) > 80.0)");
    shared_.push_back("(now - last('purchase') < days(30))");
  }

  std::string Rule(int segment) {
    const int size = 2 + Below(4);
    std::vector<std::string> terms;
    while (static_cast<int>(terms.size()) < size) terms.push_back(Below(8) == 0 ? OneOf(shared_) : Comparison(segment));
    switch (Below(10)) {
      case 0:
        return absl::StrJoin(terms, " || ");
      case 1:
      case 2: {
        const std::string first = terms[0];
        terms.erase(terms.begin());
        return absl::StrCat(first, " && (", absl::StrJoin(terms, " || "), ")");
      }
      default:
        return absl::StrJoin(terms, " && ");
    }
  }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }

  template <typename List>
  std::string OneOf(const List& list) {
    return std::string(list[Below(static_cast<int>(std::size(list)))]);
  }

  std::string Order() { return std::vector<std::string>{" >= ", " < ", " > ", " <= "}[Below(4)]; }

  std::string Comparison(int segment) {
    switch (Below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return absl::StrCat("customer.int_", Below(kIntTraits), Order(), Below(100));
      case 4:
      case 5:
        return absl::StrCat("customer.double_", Below(kDoubleTraits), Order(), Below(100), ".5");
      case 6:
      case 7:
        return absl::StrCat("customer.string_", Below(kStringTraits), Below(2) ? " == '" : " != '", OneOf(kCountries),
                            "'");
      case 8:
        return absl::StrCat("customer.string_", Below(kStringTraits), " in ['", OneOf(kCountries), "', '",
                            OneOf(kCountries), "', '", OneOf(kCountries), "']");
      case 9:
        return absl::StrCat(Below(2) ? "!" : "", "customer.bool_", Below(kBoolTraits));
      case 10:
        return absl::StrCat("'", OneOf(kTags), "' in customer.tags");
      case 11:
      case 12:
      case 13:
      case 14:
        return absl::StrCat("count('", OneOf(kEvents), "', ", OneOf(kWindows), ")", Order(), 1 + Below(12));
      case 15:
      case 16:
        return absl::StrCat("total('", OneOf(kEvents), "', ", OneOf(kWindows), ")", Order(), 50 * (1 + Below(10)),
                            ".0");
      case 17:
      case 18: {
        const std::string event = OneOf(kEvents);
        return absl::StrCat("ever('", event, "') && days_since('", event, "')", Order(), 7 * (1 + Below(12)));
      }
      default:
        if (segment == 0) return "customer.int_0 >= 18";
        return absl::StrCat(Below(3) == 0 ? "!" : "", "in_segment('s", Below(std::min(segment, 40)), "')");
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> shared_;
};

}  // namespace

std::string SegmentsPlaybook(int count, uint64_t seed) {
  std::string yaml = "name: sample\ncurrency: EUR\ntraits:\n";
  const auto declare = [&yaml](absl::string_view name, int traits, absl::string_view type) {
    for (int i = 0; i < traits; ++i) absl::StrAppend(&yaml, "  - {name: ", name, "_", i, ", type: ", type, "}\n");
  };
  declare("int", kIntTraits, "INT");
  declare("double", kDoubleTraits, "DOUBLE");
  declare("string", kStringTraits, "STRING");
  declare("bool", kBoolTraits, "BOOL");
  absl::StrAppend(&yaml, "  - {name: tags, type: STRING_LIST}\n  - {name: born, type: TIMESTAMP}\n",
                  "events: [{name: newsletter}]\nsegments:\n");
  Writer writer(seed);
  std::vector<std::string> rules;
  for (int i = 0; i < count; ++i) rules.push_back(writer.Rule(i));
  // Chance also makes rules that contradict themselves, which a playbook refuses: those are made anew.
  for (;;) {
    std::string whole = yaml;
    for (int i = 0; i < count; ++i) absl::StrAppend(&whole, "  - {name: s", i, ", when: \"", rules[i], "\"}\n");
    const std::vector<playbook::Problem> problems = playbook::CompilePlaybook(whole, 1, nullptr).problems;
    if (problems.empty()) return whole;
    for (const playbook::Problem& problem : problems) {
      int segment = 0;
      if (std::sscanf(problem.field.c_str(), "segments[%d]", &segment) == 1) rules[segment] = writer.Rule(segment);
    }
  }
}

segmentation::Profile SegmentsProfile(absl::Time now, uint64_t seed) {
  using segmentation::NameIdOf;
  std::mt19937_64 random(seed);
  const auto below = [&random](int64_t limit) { return static_cast<int64_t>(random() % static_cast<uint64_t>(limit)); };
  segmentation::Profile profile;
  const auto set = [&profile](absl::string_view name, int i, segmentation::TraitValue value) {
    segmentation::SetTrait(profile, NameIdOf(absl::StrCat(name, "_", i)), std::move(value));
  };
  for (int i = 0; i < kIntTraits - 1; ++i) set("int", i, below(100));
  for (int i = 0; i < kDoubleTraits - 1; ++i) set("double", i, static_cast<double>(below(1000)) / 10);
  for (int i = 0; i < kStringTraits; ++i) set("string", i, std::string(kCountries[below(std::size(kCountries))]));
  for (int i = 0; i < kBoolTraits; ++i) set("bool", i, below(2) == 1);
  segmentation::SetTrait(profile, NameIdOf("tags"), std::vector<std::string>{"running", "sale", "home"});
  segmentation::SetTrait(profile, NameIdOf("born"), now - absl::Hours(24 * 365 * 30));
  for (int series = 0; series < 8; ++series) {
    for (int i = 0; i < 44; ++i) {
      const absl::Duration age = absl::Hours(below(24 * 300)) + absl::Minutes(below(60));
      profile.ledger.Add(NameIdOf(kEvents[series]), now - age, 1'000'000 * below(120));
    }
  }
  return profile;
}

}  // namespace waymark::bench
