#include "service/journey/attribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace waymark::journey {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Touch;
using segmentation::Trail;

const absl::Time kStart = absl::FromUnixSeconds(1780000000);

absl::Duration Days(double n) { return absl::Hours(24) * n; }

// A path of players a letter each, a day apart, the last one a day before the end.
struct Walked {
  std::string letters;
  bool converted = false;
};

NameId PlayerOf(char letter) { return NameIdOf(std::string(1, letter)); }

TouchPath PathOf(const Walked& walked, int64_t value_micros = 0) {
  TouchPath path{.end = kStart, .converted = walked.converted, .value_micros = value_micros};
  const auto size = static_cast<double>(walked.letters.size());
  for (size_t i = 0; i < walked.letters.size(); ++i) {
    path.touches.push_back({PlayerOf(walked.letters[i]), Days(size - static_cast<double>(i))});
  }
  return path;
}

std::vector<Walked> RandomWalks(std::mt19937_64& random, int count, int players, int longest) {
  std::vector<Walked> walks;
  for (int i = 0; i < count; ++i) {
    Walked& walked = walks.emplace_back();
    const auto length = 1 + random() % static_cast<uint64_t>(longest);
    while (walked.letters.size() < length) {
      const char next = static_cast<char>('a' + random() % static_cast<uint64_t>(players));
      if (walked.letters.empty() || walked.letters.back() != next) walked.letters += next;
    }
    walked.converted = random() % 3 == 0;
  }
  return walks;
}

Attribution Attributed(const std::vector<Walked>& walks, int order = 1) {
  AttributionCounts counts(order, Days(7));
  for (const Walked& walked : walks) counts.Add(PathOf(walked, 2'000'000));
  return counts.Attribute();
}

const PlayerCredits& Of(const Attribution& attribution, char letter) {
  const auto found = std::find_if(attribution.players.begin(), attribution.players.end(),
                                  [letter](const auto& each) { return each.player == PlayerOf(letter); });
  EXPECT_NE(found, attribution.players.end());
  return *found;
}

const Credit& CreditOf(const PlayerCredits& player, AttributionMethod method) {
  return player.credits[static_cast<size_t>(method)];
}

// ---- removal effects
// ---------------------------------------------------------------------------------------------------------

// The probability that a path converts, by following the mass of all paths from the beginning, step by step, until none
// is left: states are texts, and mass that comes to `without` ends.
double BruteForce(const std::vector<Walked>& walks, size_t order, char without) {
  std::map<std::string, std::map<std::string, double>> next;  // of "", "a", "ab", ...; "+" and "-" end
  for (const Walked& walked : walks) {
    for (size_t i = 0; i <= walked.letters.size(); ++i) {
      const size_t begin = i > order ? i - order : 0;
      const std::string state = walked.letters.substr(begin, i - begin);
      const bool ends = i == walked.letters.size();
      ++next[state][ends ? (walked.converted ? "+" : "-") : walked.letters.substr(i, 1)];
    }
  }
  std::map<std::string, double> mass = {{"", 1}};
  double converted = 0;
  for (double left = 1; left > 1e-15;) {
    std::map<std::string, double> after;
    left = 0;
    for (const auto& [state, here] : mass) {
      double all = 0;
      for (const auto& [to, count] : next[state]) all += count;
      for (const auto& [to, count] : next[state]) {
        if (to == "+") converted += here * count / all;
        if (to == "+" || to == "-" || to[0] == without) continue;
        const std::string whole = state + to;
        after[whole.substr(whole.size() > order ? whole.size() - order : 0)] += here * count / all;
        left += here * count / all;
      }
    }
    mass = std::move(after);
  }
  return converted;
}

TEST(Markov, RemovalEffectsEqualABruteForceComputationForEveryOrder) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    const std::vector<Walked> walks = RandomWalks(random, 120, 2 + round % 5, 9);
    for (int order = 1; order <= PathChain::kMaxOrder; ++order) {
      const Attribution attribution = Attributed(walks, order);
      const double all = BruteForce(walks, static_cast<size_t>(order), '\0');
      EXPECT_NEAR(attribution.conversion_probability, all, 1e-12);
      for (const PlayerCredits& player : attribution.players) {
        char letter = 'a';
        while (PlayerOf(letter) != player.player) ++letter;
        const double without = BruteForce(walks, static_cast<size_t>(order), letter);
        EXPECT_NEAR(player.removal_effect, 1 - without / all, 1e-11) << "order " << order << ", " << letter;
      }
    }
  }
}

// Where states are whole paths nothing is modelled any more: what is lost is the share of conversions on whose paths
// the touch is.
TEST(Markov, OfPathsNoLongerThanTheOrderIsAShareOfTheConversions) {
  std::mt19937_64 random(2);
  const std::vector<Walked> walks = RandomWalks(random, 300, 4, PathChain::kMaxOrder);
  const Attribution attribution = Attributed(walks, PathChain::kMaxOrder);
  for (char letter : {'a', 'b', 'c', 'd'}) {
    double with = 0, all = 0;
    for (const Walked& walked : walks) {
      all += walked.converted ? 1 : 0;
      with += walked.converted && walked.letters.find(letter) != std::string::npos ? 1 : 0;
    }
    EXPECT_NEAR(Of(attribution, letter).removal_effect, with / all, 1e-12);
  }
}

// The example of Anderl et al. is of this kind: c1 -> c2 -> c3 converts, c1 ends, c2 -> c3 ends.
TEST(Markov, OfAnExampleByHand) {
  const Attribution attribution = Attributed({{"abc", true}, {"a", false}, {"bc", false}});
  // From the beginning 2/3 a, 1/3 b; a -> b 1/2; b -> c 1; c converts 1/2.
  EXPECT_NEAR(attribution.conversion_probability, (2.0 / 3 / 2 + 1.0 / 3) / 2, 1e-15);
  EXPECT_NEAR(Of(attribution, 'a').removal_effect, 0.5, 1e-15);
  EXPECT_NEAR(Of(attribution, 'b').removal_effect, 1, 1e-15);
  EXPECT_NEAR(Of(attribution, 'c').removal_effect, 1, 1e-15);
  EXPECT_NEAR(CreditOf(Of(attribution, 'a'), AttributionMethod::kMarkov).conversions, 0.2, 1e-15);
}

TEST(Markov, LeavesOutWholePathsBeyondItsBound) {
  PathChain chain(1, 4);
  const std::vector<NameId> ab = {PlayerOf('a'), PlayerOf('b')};
  const std::vector<NameId> cd = {PlayerOf('c'), PlayerOf('d')};
  EXPECT_TRUE(chain.Add(ab, true));
  EXPECT_TRUE(chain.Add(ab, true));
  EXPECT_FALSE(chain.Add(cd, false));
  EXPECT_EQ(chain.left_out(), 1);
  const auto effects = chain.RemovalEffects(ab, [](NameId touch) { return touch; });
  EXPECT_EQ(effects.conversion, 1);
  EXPECT_EQ(effects.removal, (std::vector<double>{1, 1}));
}

TEST(Markov, OfNothingIsNothing) {
  const Attribution attribution = Attributed({{"ab", false}});
  EXPECT_EQ(attribution.conversion_probability, 0);
  for (const PlayerCredits& player : attribution.players) {
    for (const Credit& credit : player.credits) EXPECT_EQ(credit, Credit());
  }
  EXPECT_TRUE(Attributed({}).players.empty());
}

// ---- Shapley
// -----------------------------------------------------------------------------------------------------------------

// The mean over all orders in which players can join, of what each adds.
std::map<char, double> ShapleyByPermutations(const std::vector<Walked>& walks, std::string players) {
  const auto worth = [&walks](const std::set<char>& coalition) {
    double conversions = 0;
    for (const Walked& walked : walks) {
      const bool within = std::all_of(walked.letters.begin(), walked.letters.end(),
                                      [&](char letter) { return coalition.count(letter) > 0; });
      conversions += walked.converted && within ? 1 : 0;
    }
    return conversions;
  };
  std::map<char, double> sum;
  double orders = 0;
  std::sort(players.begin(), players.end());
  do {
    std::set<char> coalition;
    double before = 0;
    for (char player : players) {
      coalition.insert(player);
      const double after = worth(coalition);
      sum[player] += after - before;
      before = after;
    }
    ++orders;
  } while (std::next_permutation(players.begin(), players.end()));
  for (auto& [player, value] : sum) value /= orders;
  return sum;
}

TEST(Shapley, EqualsTheMeanOverAllPermutations) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 5; ++round) {
    const std::vector<Walked> walks = RandomWalks(random, 60, 5, 7);
    const Attribution attribution = Attributed(walks);
    for (const auto& [letter, value] : ShapleyByPermutations(walks, "abcde")) {
      EXPECT_NEAR(CreditOf(Of(attribution, letter), AttributionMethod::kShapley).conversions, value, 1e-9);
    }
  }
}

// ---- all methods
// -------------------------------------------------------------------------------------------------------------

TEST(Attribution, CreditsSumToTheConversions) {
  std::mt19937_64 random(4);
  for (int order = 1; order <= 4; ++order) {
    std::vector<Walked> walks = RandomWalks(random, 200, 6, 8);
    walks.push_back({"", true});
    const Attribution attribution = Attributed(walks, order);
    EXPECT_EQ(attribution.unattributed, 1);
    const auto conversions = static_cast<double>(attribution.conversions - 1);
    for (size_t m = 0; m < kAttributionMethods; ++m) {
      double sum = 0, value = 0;
      for (const PlayerCredits& player : attribution.players) {
        EXPECT_GE(player.credits[m].conversions, 0);
        sum += player.credits[m].conversions;
        value += player.credits[m].value;
      }
      EXPECT_NEAR(sum, conversions, 1e-8) << m;
      EXPECT_NEAR(value, 2 * conversions, 1e-8) << m;
    }
  }
}

// To a chain of order 1, who comes before one who converts is somebody; so z is the last of its paths.
TEST(Attribution, WhoOnlyComesWhereNobodyConvertsGetsNothing) {
  const Attribution attribution = Attributed({{"ab", true}, {"b", true}, {"z", false}, {"az", false}, {"abz", false}});
  for (const Credit& credit : Of(attribution, 'z').credits) EXPECT_NEAR(credit.conversions, 0, 1e-15);
}

TEST(Attribution, IsTheSameForPlayersWhoDoTheSame) {
  // Every path has its mirror image in a and b.
  std::mt19937_64 random(5);
  std::vector<Walked> walks = RandomWalks(random, 100, 3, 6);
  const size_t half = walks.size();
  for (size_t i = 0; i < half; ++i) {
    Walked mirrored = walks[i];
    for (char& letter : mirrored.letters) letter = letter == 'a' ? 'b' : letter == 'b' ? 'a' : letter;
    walks.push_back(mirrored);
  }
  for (int order = 1; order <= 4; ++order) {
    const Attribution attribution = Attributed(walks, order);
    for (size_t m = 0; m < kAttributionMethods; ++m) {
      EXPECT_NEAR(Of(attribution, 'a').credits[m].conversions, Of(attribution, 'b').credits[m].conversions, 1e-9);
    }
  }
}

TEST(Attribution, OfPathsOfOneTouchIsThatTouchByEveryMethod) {
  const Attribution attribution = Attributed({{"a", true}, {"a", true}, {"b", true}, {"b", false}});
  for (size_t m = 0; m < kAttributionMethods; ++m) {
    if (m == static_cast<size_t>(AttributionMethod::kMarkov)) continue;  // knows the path that did not convert
    EXPECT_EQ(Of(attribution, 'a').credits[m].conversions, 2);
    EXPECT_EQ(Of(attribution, 'b').credits[m].conversions, 1);
  }
}

TEST(Attribution, DoesNotDependOnTheOrderOfPaths) {
  std::mt19937_64 random(6);
  std::vector<Walked> walks = RandomWalks(random, 150, 5, 8);
  const Attribution first = Attributed(walks, 2);
  std::shuffle(walks.begin(), walks.end(), random);
  const Attribution second = Attributed(walks, 2);
  ASSERT_EQ(first.players.size(), second.players.size());
  for (size_t i = 0; i < first.players.size(); ++i) {
    EXPECT_EQ(first.players[i].player, second.players[i].player);
    for (size_t m = 0; m < kAttributionMethods; ++m) {
      EXPECT_NEAR(first.players[i].credits[m].conversions, second.players[i].credits[m].conversions, 1e-9);
    }
  }
}

TEST(TimeDecay, HalvesWithEachHalfLife) {
  AttributionCounts counts(1, Days(7));
  TouchPath path{.end = kStart, .converted = true};
  path.touches = {{PlayerOf('a'), Days(14)}, {PlayerOf('b'), Days(7)}, {PlayerOf('c'), Days(0)}};
  counts.Add(path);
  path.touches = {{PlayerOf('c'), Days(40'000)}};
  counts.Add(path);
  const Attribution attribution = counts.Attribute();
  EXPECT_NEAR(CreditOf(Of(attribution, 'a'), AttributionMethod::kTimeDecay).conversions, 1.0 / 7, 1e-12);
  EXPECT_NEAR(CreditOf(Of(attribution, 'b'), AttributionMethod::kTimeDecay).conversions, 2.0 / 7, 1e-12);
  EXPECT_NEAR(CreditOf(Of(attribution, 'c'), AttributionMethod::kTimeDecay).conversions, 1 + 4.0 / 7, 1e-12);
}

TEST(Attribution, ShowsTheMostTouchedAndTheOthersTogether) {
  AttributionCounts counts(1, Days(7));
  for (int player = 0; player < 250; ++player) {
    for (int times = 0; times < 1 + (player < 99 ? 2 : 0); ++times) {
      TouchPath path{.end = kStart, .converted = true};
      path.touches = {{NameId{static_cast<uint32_t>(player + 1)}, Days(1)}};
      counts.Add(path);
    }
  }
  const Attribution attribution = counts.Attribute();
  ASSERT_EQ(attribution.players.size(), AttributionCounts::kMaxPlayers);
  EXPECT_EQ(attribution.players.back().player, kOtherPlayers);
  for (size_t m = 0; m < kAttributionMethods; ++m) {
    EXPECT_NEAR(attribution.players[0].credits[m].conversions, 3, 1e-9);
    EXPECT_NEAR(attribution.players.back().credits[m].conversions, 151, 1e-9) << m;
  }
}

// ---- paths
// -------------------------------------------------------------------------------------------------------------------

class PathsTest : public ::testing::Test {
 protected:
  void Does(double day, const char* type, const char* touchpoint = "", int64_t value_micros = 0,
            const char* action = "") {
    trail_.touches.push_back({.at = kStart + Days(day),
                              .type = NameIdOf(type),
                              .touchpoint = *touchpoint == '\0' ? NameId{} : NameIdOf(touchpoint),
                              .value_micros = value_micros,
                              .action = *action == '\0' ? NameId{} : NameIdOf(action)});
  }
  std::vector<TouchPath> Paths() const {
    return PathsOf(trail_, options_, [](const Touch& touch) { return touch.touchpoint; });
  }

  Trail trail_;
  PathOptions options_{.conversion = NameIdOf("purchase"), .look_back = Days(30)};
};

TEST_F(PathsTest, EndWithAConversionAndBeginAfterTheOneBefore) {
  Does(0, "view", "web/a");
  Does(1, "view", "web/a");
  Does(2, "open", "email/b");
  Does(3, "purchase", "web/cart", 7);
  Does(4, "login");
  Does(5, "view", "web/a");
  Does(6, "purchase", "web/cart", 9);
  Does(7, "purchase", "web/cart", 1);
  const std::vector<TouchPath> expected = {
      {.touches = {{NameIdOf("web/a"), Days(2)}, {NameIdOf("email/b"), Days(1)}},
       .end = kStart + Days(3),
       .converted = true,
       .value_micros = 7},
      {.touches = {{NameIdOf("web/a"), Days(1)}}, .end = kStart + Days(6), .converted = true, .value_micros = 9},
      {.end = kStart + Days(7), .converted = true, .value_micros = 1}};
  EXPECT_EQ(Paths(), expected);
}

TEST_F(PathsTest, TouchesThatNothingFollowedInTimeArePathsWithoutAConversion) {
  Does(0, "view", "web/a");
  Does(10, "view", "web/b");
  Does(60, "view", "web/c");
  Does(89, "view", "web/a");
  Does(100, "purchase");
  Does(101, "view", "web/d");
  const std::vector<TouchPath> expected = {
      {.touches = {{NameIdOf("web/a"), Days(10)}, {NameIdOf("web/b"), Days(0)}}, .end = kStart + Days(10)},
      {.touches = {{NameIdOf("web/c"), Days(0)}}, .end = kStart + Days(60)},
      {.touches = {{NameIdOf("web/a"), Days(11)}}, .end = kStart + Days(100), .converted = true},
      {.touches = {{NameIdOf("web/d"), Days(0)}}, .end = kStart + Days(101)}};
  EXPECT_EQ(Paths(), expected);
}

TEST_F(PathsTest, OfWhichTheBeginningIsNotKeptAreIncomplete) {
  trail_.from = kStart;
  Does(20, "view", "web/a");
  Does(29, "purchase");
  Does(31, "purchase");
  Does(99, "view", "web/a");
  const std::vector<TouchPath> paths = Paths();
  ASSERT_EQ(paths.size(), 3u);
  EXPECT_TRUE(paths[0].incomplete);
  EXPECT_FALSE(paths[1].incomplete);
  EXPECT_FALSE(paths[2].incomplete);
}

TEST_F(PathsTest, TheConversionsOwnActionIsTheLastWhereItCounts) {
  Does(0, "click", "", 0, "banner");
  Does(1, "purchase", "", 0, "coupon");
  Does(2, "purchase");
  options_.conversion_counts = true;
  const auto paths = PathsOf(trail_, options_, [](const Touch& touch) { return touch.action; });
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0].touches, (std::vector<PathTouch>{{NameIdOf("banner"), Days(1)}, {NameIdOf("coupon"), Days(0)}}));
  EXPECT_TRUE(paths[1].touches.empty());
}

}  // namespace
}  // namespace waymark::journey
