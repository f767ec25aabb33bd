#include "segmentation/separation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace waymark::segmentation {
namespace {

using Type = PopulationSpec::TraitType;
using Row = Separator::Row;

constexpr size_t kMaxTraits = 128;
constexpr size_t kMaxEvents = 64;
constexpr std::array<int, 4> kWindowsDays = {7, 30, 90, 365};
constexpr std::array<uint32_t, 7> kCounts = {1, 2, 3, 5, 10, 20, 50};
constexpr size_t kMaxCategories = 12;
// Of the conditions, those that pairs are made of: the best of each feature, and of all.
constexpr size_t kMaxPartsOfFeature = 8;
constexpr size_t kMaxParts = 350;
constexpr double kPairGain = 1.1;
constexpr double kMaxOverlap = 0.8;

// A set of the sample's customers.
using Bits = std::vector<uint64_t>;

// A condition, or two of them.
struct Condition {
  int feature = 0;    // equal for conditions on one trait or event type
  std::string guard;  // empty: it needs none
  std::string text;
  Bits holds;
  int64_t customers = 0;
  int64_t converters = 0;
  double score = 0;  // negative: it holds for fewer converters than chance would
};

// Whether a trait's number is a number of an INT, and how it is written in CEL.
std::string Literal(double value, Type type) {
  if (type == Type::kInt) return absl::StrCat(static_cast<int64_t>(value));
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string Quoted(absl::string_view text) {
  constexpr absl::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      absl::StrAppend(&quoted, "\\x", kHex.substr(c >> 4, 1), kHex.substr(c & 15, 1));
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

int64_t Count(const Bits& bits) {
  int64_t count = 0;
  for (uint64_t word : bits) count += std::popcount(word);
  return count;
}

int64_t CountBoth(const Bits& l, const Bits& r) {
  int64_t count = 0;
  for (size_t i = 0; i < l.size(); ++i) count += std::popcount(l[i] & r[i]);
  return count;
}

// The sample, and what is found in it.
class Search {
 public:
  explicit Search(const std::vector<Row>& rows)
      : rows_(rows), converters_(Set([](const Row& row) { return row.converter; })) {
    total_converters_ = Count(converters_);
    min_customers_ =
        std::max(Separator::kMinCustomers, static_cast<int64_t>(std::ceil(Separator::kMinShare * Total())));
  }

  // Tries the condition of a feature.
  template <typename Holds>
  void Try(int feature, const std::string& guard, const std::string& text, Holds holds) {
    Condition condition{.feature = feature, .guard = guard, .text = text, .holds = Set(holds)};
    if (Measure(condition)) conditions_.push_back(std::move(condition));
  }

  // The best rules.
  std::vector<SeparatingRule> Best(size_t max) {
    std::vector<Condition> found = Pairs();
    found.insert(found.end(), conditions_.begin(), conditions_.end());
    std::sort(found.begin(), found.end(), [](const Condition& l, const Condition& r) { return Better(l, r); });
    std::vector<SeparatingRule> rules;
    std::vector<const Condition*> kept;
    for (const Condition& rule : found) {
      if (rules.size() >= max || rule.score < Separator::kMinScore) break;
      if (std::any_of(kept.begin(), kept.end(), [&](const Condition* other) { return NearlyTheSame(rule, *other); }))
        continue;
      kept.push_back(&rule);
      rules.push_back({rule.guard.empty() ? rule.text : absl::StrCat(rule.guard, " && ", rule.text), rule.customers,
                       rule.converters, Lift(rule)});
    }
    return rules;
  }

  int64_t total_converters() const { return total_converters_; }

 private:
  static bool Better(const Condition& l, const Condition& r) {
    return std::forward_as_tuple(-l.score, l.text.size(), l.text) <
           std::forward_as_tuple(-r.score, r.text.size(), r.text);
  }

  static bool NearlyTheSame(const Condition& l, const Condition& r) {
    const int64_t both = CountBoth(l.holds, r.holds);
    return static_cast<double>(both) > kMaxOverlap * static_cast<double>(l.customers + r.customers - both);
  }

  double Total() const { return static_cast<double>(rows_.size()); }

  template <typename Holds>
  Bits Set(Holds holds) const {
    Bits bits((rows_.size() + 63) / 64);
    for (size_t i = 0; i < rows_.size(); ++i) bits[i / 64] |= uint64_t{holds(rows_[i])} << (i % 64);
    return bits;
  }

  double Lift(const Condition& rule) const {
    return static_cast<double>(rule.converters) / static_cast<double>(rule.customers) /
           (static_cast<double>(total_converters_) / Total());
  }

  // Counts and scores; false where it holds for too few, or for everyone.
  bool Measure(Condition& rule) const {
    rule.customers = Count(rule.holds);
    if (rule.customers < min_customers_ || rule.customers == static_cast<int64_t>(rows_.size())) return false;
    rule.converters = CountBoth(rule.holds, converters_);
    rule.score = Score(rule.customers, rule.converters);
    return true;
  }

  // Chi-square of the table (rule holds or not, converter or not), with the sign of the correlation.
  double Score(int64_t customers, int64_t converters) const {
    const auto n = static_cast<double>(customers);
    const auto all = static_cast<double>(total_converters_);
    const double excess = static_cast<double>(converters) * Total() - n * all;
    const double spread = n * (Total() - n) * all * (Total() - all);
    return spread <= 0 ? 0 : std::copysign(excess * excess / spread * Total(), excess);
  }

  // The conditions that pairs are made of.
  std::vector<const Condition*> Parts() const {
    std::vector<const Condition*> sorted;
    for (const Condition& condition : conditions_) sorted.push_back(&condition);
    std::sort(sorted.begin(), sorted.end(), [](const Condition* l, const Condition* r) { return Better(*l, *r); });
    std::vector<const Condition*> parts;
    absl::flat_hash_map<int, size_t> of_feature;
    for (const Condition* condition : sorted) {
      if (parts.size() < kMaxParts && of_feature[condition->feature]++ < kMaxPartsOfFeature) parts.push_back(condition);
    }
    return parts;
  }

  std::vector<Condition> Pairs() const {
    const std::vector<const Condition*> parts = Parts();
    std::vector<Condition> pairs;
    Condition pair;
    for (size_t i = 0; i < parts.size(); ++i) {
      for (size_t j = i + 1; j < parts.size(); ++j) {
        // In the order of features, as the playbook has them.
        const bool in_order = std::tie(parts[i]->feature, parts[i]->text) < std::tie(parts[j]->feature, parts[j]->text);
        const Condition& l = in_order ? *parts[i] : *parts[j];
        const Condition& r = in_order ? *parts[j] : *parts[i];
        pair.holds.resize(l.holds.size());
        std::transform(l.holds.begin(), l.holds.end(), r.holds.begin(), pair.holds.begin(), std::bit_and<>());
        if (!Measure(pair) || pair.score < Separator::kMinScore) continue;
        if (pair.score < kPairGain * std::max(l.score, r.score)) continue;
        pair.text = absl::StrCat(l.text, " && ", r.text);
        pair.guard = l.guard;
        if (r.guard != l.guard && !r.guard.empty())
          absl::StrAppend(&pair.guard, l.guard.empty() ? "" : " && ", r.guard);
        pairs.push_back(pair);
      }
    }
    return pairs;
  }

  const std::vector<Row>& rows_;
  Bits converters_;
  int64_t total_converters_ = 0;
  int64_t min_customers_ = 0;
  std::vector<Condition> conditions_;
};

// Three significant digits are enough for people, and what is measured is the rounded threshold.
double Rounded(double value) {
  if (value == 0) return 0;
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 2);
  // Dividing by a power of ten gives the nearest double to the decimal fraction; multiplying by its inverse would not.
  return unit >= 1 ? std::round(value / unit) * unit : std::round(value / unit) / std::round(1 / unit);
}

// The deciles, rounded, each once.
std::vector<double> Thresholds(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::vector<double> thresholds;
  for (size_t decile = 1; decile < 10 && !values.empty(); ++decile)
    thresholds.push_back(Rounded(values[decile * values.size() / 10]));
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  return thresholds;
}

void TryNumber(Search& search, const std::vector<Row>& rows, int feature, const PopulationSpec::Trait& trait,
               size_t index) {
  const std::string name = absl::StrCat("customer.", trait.name);
  std::vector<double> values;
  for (const Row& row : rows) {
    if (!std::isnan(row.numbers[index])) values.push_back(row.numbers[index]);
  }
  const std::string guard = values.size() < rows.size() ? absl::StrCat("has(", name, ")") : "";
  for (double threshold : Thresholds(std::move(values))) {
    const std::string literal = Literal(threshold, trait.type);
    search.Try(feature, guard, absl::StrCat(name, " >= ", literal),
               [&](const Row& row) { return row.numbers[index] >= threshold; });
    search.Try(feature, guard, absl::StrCat(name, " < ", literal),
               [&](const Row& row) { return row.numbers[index] < threshold; });
  }
}

void TryCategory(Search& search, const std::vector<Row>& rows, int feature, const PopulationSpec::Trait& trait,
                 size_t index, const CategoryTexts& texts) {
  const std::string name = absl::StrCat("customer.", trait.name);
  absl::flat_hash_map<NameId, int64_t> counts;
  for (const Row& row : rows) ++counts[row.categories[index]];
  const std::string guard = counts.contains(kMissing) ? absl::StrCat("has(", name, ")") : "";
  std::vector<std::pair<int64_t, NameId>> frequent;
  for (const auto& [value, count] : counts) {
    if (value != kMissing) frequent.emplace_back(-count, value);
  }
  std::sort(frequent.begin(), frequent.end());
  frequent.resize(std::min(frequent.size(), kMaxCategories));
  for (const auto& entry : frequent) {
    const NameId value = entry.second;
    std::string text;
    if (trait.type == Type::kBool) {
      text = absl::StrCat(value == IdOfBool(true) ? "" : "!", name);
    } else if (const auto it = texts.find(value); it != texts.end()) {
      text = absl::StrCat(name, " == ", Quoted(it->second));
    } else {
      continue;
    }
    search.Try(feature, guard, text, [&](const Row& row) { return row.categories[index] == value; });
  }
}

void TryEvent(Search& search, int feature, const std::string& event, size_t index) {
  for (size_t window = 0; window < kWindowsDays.size(); ++window) {
    const size_t column = index * kWindowsDays.size() + window;
    const std::string count = absl::StrCat("count(", Quoted(event), ", days(", kWindowsDays[window], "))");
    for (uint32_t least : kCounts) {
      search.Try(feature, "", absl::StrCat(count, " >= ", least),
                 [&](const Row& row) { return row.counts[column] >= least; });
    }
    search.Try(feature, "", absl::StrCat(count, " == 0"), [&](const Row& row) { return row.counts[column] == 0; });
  }
}

bool IsNumber(Type type) { return type == Type::kInt || type == Type::kDouble; }

// Without what gives the answer away, and bounded.
SeparationSpec Bounded(SeparationSpec spec) {
  const std::string labels = absl::StrCat(spec.conversion.name, "/");
  spec.events.erase(std::remove_if(spec.events.begin(), spec.events.end(),
                                   [&](const PopulationSpec::Name& event) {
                                     return event.name == spec.conversion.name || absl::StartsWith(event.name, labels);
                                   }),
                    spec.events.end());
  spec.events.resize(std::min(spec.events.size(), kMaxEvents));
  spec.traits.resize(std::min(spec.traits.size(), kMaxTraits));
  return spec;
}

std::vector<NameId> StringTraits(const SeparationSpec& spec) {
  std::vector<NameId> traits;
  for (const PopulationSpec::Trait& trait : spec.traits) {
    if (trait.type == Type::kString) traits.push_back(trait.id);
  }
  return traits;
}

bool Converted(const SeparationSpec& spec, const Profile& profile, absl::Time now) {
  if (spec.within) return profile.ledger.Query(spec.conversion.id, now, *spec.within).count > 0;
  const Series* series = profile.ledger.Find(spec.conversion.id);
  return series != nullptr && series->first <= now;
}

}  // namespace

Separator::Separator(SeparationSpec spec, uint64_t seed, absl::Time now, size_t max_sample)
    : spec_(Bounded(std::move(spec))), seed_(seed), now_(now), sample_(max_sample), texts_(StringTraits(spec_)) {}

void Separator::Add(absl::string_view customer, const Profile& profile) {
  texts_.Add(profile);
  const uint64_t key = StableHash(customer, seed_);
  if (!sample_.Wants(key)) return;
  Row row{.key = key, .converter = Converted(spec_, profile, now_)};
  const FeatureReader reader(profile, spec_.conversion.id, {}, now_);
  for (const PopulationSpec::Trait& trait : spec_.traits) {
    if (IsNumber(trait.type)) {
      row.numbers.push_back(reader.Number({FeatureKind::kNumber, trait.id}));
    } else {
      row.categories.push_back(reader.Category({FeatureKind::kCategory, trait.id}));
    }
  }
  for (const PopulationSpec::Name& event : spec_.events) {
    for (int days : kWindowsDays) {
      row.counts.push_back(static_cast<uint32_t>(profile.ledger.Query(event.id, now_, absl::Hours(24 * days)).count));
    }
  }
  sample_.Put(std::move(row));
}

Separation Separator::Take() {
  const std::vector<Row> rows = sample_.Take();
  const absl::flat_hash_map<NameId, CategoryTexts> texts = texts_.Take();
  Search search(rows);
  int feature = 0;
  size_t number = 0;
  size_t category = 0;
  for (const PopulationSpec::Trait& trait : spec_.traits) {
    if (IsNumber(trait.type)) {
      TryNumber(search, rows, feature++, trait, number++);
    } else {
      const auto it = texts.find(trait.id);
      TryCategory(search, rows, feature++, trait, category++, it == texts.end() ? CategoryTexts() : it->second);
    }
  }
  for (size_t event = 0; event < spec_.events.size(); ++event)
    TryEvent(search, feature++, spec_.events[event].name, event);
  return {.rules = search.Best(spec_.max_rules),
          .customers = static_cast<int64_t>(rows.size()),
          .converters = search.total_converters()};
}

}  // namespace waymark::segmentation
