#include "segmentation/persona_card.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace waymark::segmentation {
namespace {

constexpr size_t kMaxLines = 5;
constexpr size_t kMaxWord = 28;  // two words, what joins them and a number fit a name of 64
// A line nearer to everyone than that is no distinction.
constexpr double kMinDeviation = 0.25;

enum class Section : uint8_t { kDemographics, kBehaviour, kChannels, kCategories };

// A line, and the word that a name makes of it.
struct Line {
  Section section{};
  PersonaTrait trait;
  std::string word;
};

// What a persona and everyone have of a feature.
template <typename T>
struct Columns {
  std::vector<T> everyone;
  std::vector<std::vector<T>> by_persona;
};

// What is the same for all cards.
struct Deck {
  const ObservationPlan& plan;
  const PopulationSample& sample;
  const PersonaFit& fit;
  std::vector<int64_t> sizes;

  template <typename T, typename Read>
  Columns<T> Split(Read read) const {
    Columns<T> columns{.by_persona = std::vector<std::vector<T>>(sizes.size())};
    for (size_t i = 0; i < sample.observations.size(); ++i) {
      const absl::optional<T> value = read(sample.observations[i]);
      if (!value) continue;
      columns.everyone.push_back(*value);
      columns.by_persona[fit.assignments[i]].push_back(*value);
    }
    return columns;
  }
};

// Lower-case letters, digits and single underscores of the text; "x" where nothing is left.
std::string Word(absl::string_view text) {
  std::string word;
  for (char c : text) {
    if (absl::ascii_isalnum(c)) {
      word.push_back(absl::ascii_tolower(c));
    } else if (!word.empty() && word.back() != '_') {
      word.push_back('_');
    }
  }
  word.resize(std::min(word.size(), kMaxWord));
  while (!word.empty() && word.back() == '_') word.pop_back();
  return word.empty() ? "x" : word;
}

std::string NameOfEvent(const PopulationSpec& spec, NameId id) {
  const auto event = std::find_if(spec.events.begin(), spec.events.end(), [id](const auto& e) { return e.id == id; });
  return event->name;
}

const PopulationSpec::Trait& TraitOf(const PopulationSpec& spec, NameId id) {
  return *std::find_if(spec.traits.begin(), spec.traits.end(), [id](const auto& t) { return t.id == id; });
}

std::string NumberName(const PopulationSpec& spec, const FeatureSource& source) {
  switch (source.kind) {
    case FeatureKind::kRecency:
      return "recency_days";
    case FeatureKind::kOrders:
      return "orders";
    case FeatureKind::kMonetary:
      return "monetary";
    case FeatureKind::kEvents:
      return NameOfEvent(spec, source.name);
    default:
      return TraitOf(spec, source.name).name;
  }
}

std::string NumberWord(FeatureKind kind, const std::string& name, bool more) {
  switch (kind) {
    case FeatureKind::kRecency:
      return more ? "lapsed" : "recent";
    case FeatureKind::kOrders:
      return more ? "frequent" : "occasional";
    case FeatureKind::kMonetary:
      return more ? "big_spender" : "small_spender";
    case FeatureKind::kEvents:
      return Word(absl::StrCat(more ? "many_" : "few_", name));
    default:
      return Word(absl::StrCat(more ? "high_" : "low_", name));
  }
}

std::string CategoryWord(const PopulationSpec& spec, const FeatureSource& source, const std::string& value, bool more) {
  const bool boolean =
      source.kind == FeatureKind::kCategory && TraitOf(spec, source.name).type == PopulationSpec::TraitType::kBool;
  if (boolean) return Word(absl::StrCat((value == "true") == more ? "" : "no_", TraitOf(spec, source.name).name));
  return Word(absl::StrCat(more ? "" : "not_", value));
}

double DeviationOfShare(double here, double overall) {
  const double variance = overall * (1 - overall);
  return variance > 0 ? (here - overall) / std::sqrt(variance) : 0;
}

// The mean on the feature's scale, as a number again: of one with a long tail, a few large values do not hide where the
// most are, and it agrees with the deviation, which is taken on that scale.
double TypicalOf(const PersonaFeature& feature, std::vector<double> values) {
  for (double& value : values) value = OnScale(feature, value);
  const double mean = MomentsOf(values).mean;
  if (!feature.logarithmic) return mean;
  return mean < 0 ? -std::expm1(-mean) : std::expm1(mean);
}

// Of each persona that anybody with the number is in.
void AddNumber(const Deck& deck, size_t feature_index, std::vector<std::vector<Line>>& lines) {
  const PersonaFeature& feature = deck.fit.model.features[feature_index];
  const auto number =
      std::find(deck.plan.numbers.begin(), deck.plan.numbers.end(), feature.source) - deck.plan.numbers.begin();
  const auto columns = deck.Split<double>([&](const Observation& observation) -> absl::optional<double> {
    const double value = observation.numbers[number];
    return std::isnan(value) ? absl::nullopt : absl::make_optional(value);
  });
  const std::string name = NumberName(deck.plan.spec, feature.source);
  const Section section = feature.source.kind == FeatureKind::kNumber ? Section::kDemographics : Section::kBehaviour;
  const double overall = TypicalOf(feature, columns.everyone);
  for (size_t i = 0; i < lines.size(); ++i) {
    std::vector<double> here = columns.by_persona[i];
    if (here.empty()) continue;
    PersonaTrait trait{.name = name, .here = TypicalOf(feature, here), .overall = overall};
    for (double& value : here) value = OnScale(feature, value);
    trait.deviation = (MomentsOf(here).mean - feature.mean) / feature.scale;
    lines[i].push_back({section, trait, NumberWord(feature.source.kind, name, trait.deviation > 0)});
  }
}

// How many of each value, the most frequent first, then by id.
std::vector<std::pair<NameId, double>> Shares(const std::vector<NameId>& values, int64_t customers) {
  absl::flat_hash_map<NameId, int64_t> counts;
  for (NameId value : values) ++counts[value];
  std::vector<std::pair<NameId, double>> shares;
  for (const auto& [value, count] : counts)
    shares.emplace_back(value, static_cast<double>(count) / static_cast<double>(customers));
  std::sort(shares.begin(), shares.end(),
            [](const auto& l, const auto& r) { return std::tie(r.second, l.first) < std::tie(l.second, r.first); });
  return shares;
}

// Of a trait the most frequent value; of channels and labels the five most frequent.
void AddCategory(const Deck& deck, const FeatureSource& source, std::vector<std::vector<Line>>& lines) {
  const CategoryTexts texts = TextsOf(deck.plan, deck.sample, source);
  const auto category =
      std::find(deck.plan.categories.begin(), deck.plan.categories.end(), source) - deck.plan.categories.begin();
  const auto columns = deck.Split<NameId>([&](const Observation& observation) -> absl::optional<NameId> {
    const NameId value = observation.categories[category];
    return texts.contains(value) ? absl::make_optional(value) : absl::nullopt;
  });
  absl::flat_hash_map<NameId, double> overall;
  const auto everyone = static_cast<int64_t>(deck.sample.observations.size());
  for (const auto& [value, share] : Shares(columns.everyone, everyone)) overall[value] = share;
  const bool trait = source.kind == FeatureKind::kCategory;
  const Section section = trait                                  ? Section::kDemographics
                          : source.kind == FeatureKind::kChannel ? Section::kChannels
                                                                 : Section::kCategories;
  for (size_t i = 0; i < lines.size(); ++i) {
    auto shares = Shares(columns.by_persona[i], deck.sizes[i]);
    shares.resize(std::min(shares.size(), trait ? size_t{1} : kMaxLines));
    for (const auto& [value, share] : shares) {
      const std::string& text = texts.at(value);
      const double deviation = DeviationOfShare(share, overall[value]);
      PersonaTrait line{.name = trait ? TraitOf(deck.plan.spec, source.name).name : text,
                        .value = trait ? text : "",
                        .here = share,
                        .overall = overall[value],
                        .deviation = deviation};
      lines[i].push_back({section, std::move(line), CategoryWord(deck.plan.spec, source, text, deviation > 0)});
    }
  }
}

// The lines of shares that have a persona's own, by `before`; at most five.
template <typename Before>
std::vector<PersonaTrait> Top(std::vector<PersonaTrait> traits, Before before) {
  std::stable_sort(traits.begin(), traits.end(), before);
  traits.resize(std::min(traits.size(), kMaxLines));
  return traits;
}

void AddGoalsAndChallenges(const Deck& deck, std::vector<PersonaCard>& cards) {
  const PopulationSpec& spec = deck.plan.spec;
  // The shares of each persona, and of everyone last, who have what `has` says.
  const auto shares = [&](auto has) {
    std::vector<double> counts(cards.size() + 1);
    for (size_t i = 0; i < deck.sample.observations.size(); ++i) {
      if (!has(deck.sample.observations[i])) continue;
      ++counts[deck.fit.assignments[i]];
      ++counts.back();
    }
    for (size_t i = 0; i < cards.size(); ++i) counts[i] /= static_cast<double>(deck.sizes[i]);
    counts.back() /= static_cast<double>(deck.sample.observations.size());
    return counts;
  };
  const auto add = [&](const std::string& name, const std::string& value, const std::vector<double>& counts,
                       size_t card, std::vector<PersonaTrait>& traits) {
    if (counts[card] == 0) return;
    traits.push_back({name, value, counts[card], counts.back(), DeviationOfShare(counts[card], counts.back())});
  };
  for (const PopulationSpec::Stage& stage : spec.stages) {
    if (stage.goal.empty()) continue;
    const auto counts = shares([&](const Observation& observation) { return observation.stage == stage.id; });
    for (size_t i = 0; i < cards.size(); ++i) add(stage.goal, stage.name, counts, i, cards[i].goals);
  }
  for (size_t point = 0; point < spec.pain_points.size(); ++point) {
    const auto counts =
        shares([&](const Observation& observation) { return (observation.pain_points >> point & 1) != 0; });
    for (size_t i = 0; i < cards.size(); ++i) add(spec.pain_points[point].name, "", counts, i, cards[i].challenges);
  }
  for (PersonaCard& card : cards) {
    card.goals = Top(std::move(card.goals), [](const auto& l, const auto& r) { return l.here > r.here; });
    card.challenges =
        Top(std::move(card.challenges), [](const auto& l, const auto& r) { return l.deviation > r.deviation; });
  }
}

// Of the two most distinctive words, made unique with a number.
std::string NewName(const std::vector<Line>& distinctive, const std::set<std::string>& taken) {
  std::string name = "persona";
  if (!distinctive.empty()) name = distinctive[0].word;
  for (size_t i = 1; i < distinctive.size(); ++i) {
    if (distinctive[i].word == distinctive[0].word) continue;
    absl::StrAppend(&name, "_", distinctive[i].word);
    break;
  }
  std::string unique = name;
  for (int number = 2; taken.contains(unique); ++number) unique = absl::StrCat(name, "_", number);
  return unique;
}

void Fill(PersonaCard& card, const std::vector<Line>& lines) {
  for (const Line& line : lines) {
    switch (line.section) {
      case Section::kDemographics:
        card.demographics.push_back(line.trait);
        break;
      case Section::kBehaviour:
        card.behaviour.push_back(line.trait);
        break;
      case Section::kChannels:
        card.channels.push_back(line.trait);
        break;
      case Section::kCategories:
        card.categories.push_back(line.trait);
        break;
    }
  }
}

}  // namespace

std::vector<PersonaCard> MakeCards(const ObservationPlan& plan, const PopulationSample& sample, const PersonaFit& fit,
                                   absl::Span<const std::string> kept_names) {
  Deck deck{plan, sample, fit, std::vector<int64_t>(fit.model.size())};
  for (int assignment : fit.assignments) ++deck.sizes[assignment];
  std::vector<std::vector<Line>> lines(fit.model.size());
  for (size_t i = 0; i < fit.model.features.size(); ++i) {
    const FeatureSource& source = fit.model.features[i].source;
    if (IsCategory(source.kind)) {
      AddCategory(deck, source, lines);
    } else {
      AddNumber(deck, i, lines);
    }
  }
  std::vector<PersonaCard> cards(fit.model.size());
  std::set<std::string> taken(kept_names.begin(), kept_names.end());
  for (size_t i = 0; i < cards.size(); ++i) {
    PersonaCard& card = cards[i];
    card.customers = deck.sizes[i];
    card.share = static_cast<double>(card.customers) / static_cast<double>(sample.observations.size());
    Fill(card, lines[i]);
    std::stable_sort(lines[i].begin(), lines[i].end(), [](const Line& l, const Line& r) {
      return std::abs(l.trait.deviation) > std::abs(r.trait.deviation);
    });
    lines[i].resize(std::min(lines[i].size(), kMaxLines));
    while (!lines[i].empty() && std::abs(lines[i].back().trait.deviation) < kMinDeviation) lines[i].pop_back();
    for (const Line& line : lines[i]) card.distinctive.push_back(line.trait);
    card.name = kept_names[i].empty() ? NewName(lines[i], taken) : kept_names[i];
    taken.insert(card.name);
  }
  AddGoalsAndChallenges(deck, cards);
  return cards;
}

}  // namespace waymark::segmentation
