#include "segmentation/facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "segmentation/affinity.h"
#include "segmentation/expression/suggestions.h"

namespace waymark::segmentation {
namespace {

using expression::DidYouMean;
using expression::Kind;
using expression::Type;
using expression::Value;

// The ONE table of names that a rule may mention.
constexpr FactDescription kFacts[] = {
    {FactKind::kTrait, "customer.", "", "declared", "a trait of the customer; not known until it was set"},
    {FactKind::kConsent, "consent.", "", "bool", "whether the customer granted the purpose; false until then"},
    {FactKind::kContext, "context.", "", "declared",
     "what the request says of this moment; not known where it does not"},
    {FactKind::kCount, "count", "event, window", "int", "events in the window; by hour up to 48 hours, by day beyond"},
    {FactKind::kTotal, "total", "event, window", "double", "sum of the events' values in the window, whole units"},
    {FactKind::kFirst, "first", "event", "timestamp", "when it first happened; not known where it never did"},
    {FactKind::kLast, "last", "event", "timestamp", "when it last happened; not known where it never did"},
    {FactKind::kEver, "ever", "event", "bool", "whether it ever happened"},
    {FactKind::kDaysSince, "days_since", "event", "int",
     "whole days since it last happened; not known where it never did"},
    {FactKind::kAffinity, "affinity", "label or channel", "double",
     "events that mention it, each counting half as much for every 30 days that it is ago"},
    {FactKind::kRfmRecency, "rfm.recency", "", "int", "1 to 5, 5: bought lately; not known without an order"},
    {FactKind::kRfmFrequency, "rfm.frequency", "", "int", "1 to 5, 5: most orders; not known without an order"},
    {FactKind::kRfmMonetary, "rfm.monetary", "", "int", "1 to 5, 5: spent most; not known without an order"},
    {FactKind::kRfmCell, "rfm.cell", "", "string", "the three scores, \"543\"; not known without an order"},
    {FactKind::kRfmSegment, "rfm.segment", "", "string",
     "champions, loyal, potential_loyalist, new_customer, promising, need_attention, about_to_sleep, at_risk, "
     "cannot_lose, hibernating or lost; not known without an order"},
    {FactKind::kExpectedPurchases, "expected_purchases", "", "double",
     "orders to expect within the population's horizon; not known without an order"},
    {FactKind::kLifetimeValue, "lifetime_value", "", "double",
     "value to expect within the population's horizon, whole units; not known without an order"},
    {FactKind::kChurnRisk, "churn_risk", "", "double",
     "the probability that the customer will not buy again, 0 to 1; not known without an order"},
    {FactKind::kPersona, "persona", "", "string",
     "the kind of customer that is nearest; not known before there are some"},
    {FactKind::kNps, "nps", "", "int",
     "the newest answer to whether the customer would recommend us, 0 to 10; not known until there is one"},
    {FactKind::kCsat, "csat", "", "int",
     "the newest answer to how satisfied the customer is, 1 to 5; not known until there is one"},
    {FactKind::kCes, "ces", "", "int", "the newest answer to how easy it was, 1 to 7; not known until there is one"},
    {FactKind::kRating, "rating", "", "double",
     "the newest rating of a product, 1 to 5 stars; not known until there is one"},
    {FactKind::kSentiment, "sentiment", "", "double",
     "the newest sentiment that came with an event, -1 to 1; not known until one does"},
    {FactKind::kInSegment, "in_segment", "name", "bool", "whether the customer is in the segment now"},
    {FactKind::kContacts, "contacts", "channel or action, window", "int",
     "contacts that counted, in the exact rolling window"},
    {FactKind::kStage, "stage", "", "string", "the stage on the primary journey"},
    {FactKind::kPreviousStage, "previous_stage", "", "string", "the stage before it; not known where there was none"},
    {FactKind::kDaysInStage, "days_in_stage", "", "int", "whole days since the stage was entered"},
    {FactKind::kStageVisits, "stage_visits", "", "int", "how often the stage was entered, this time included"},
    {FactKind::kNow, "now", "", "timestamp", "the moment of the question"},
};

Type TypeOf(const FactDescription& row) {
  if (row.type == "bool") return Type::Of(Kind::kBool);
  if (row.type == "int") return Type::Of(Kind::kInt);
  if (row.type == "double") return Type::Of(Kind::kDouble);
  if (row.type == "string") return Type::Of(Kind::kString);
  return Type::Of(Kind::kTimestamp);
}

const FactDescription& Row(FactKind kind) {
  return *std::find_if(std::begin(kFacts), std::end(kFacts),
                       [kind](const FactDescription& row) { return row.kind == kind; });
}

const FactDescription* FunctionRow(absl::string_view name) {
  for (const FactDescription& row : kFacts) {
    if (!row.parameters.empty() && row.name == name) return &row;
  }
  return nullptr;
}

// The alternative of TraitValue that holds a declared type.
size_t StoredAs(const Type& type) {
  if (type.is_dyn()) return absl::variant_npos;
  switch (type.kind()) {
    case Kind::kBool:
      return TraitValue(false).index();
    case Kind::kInt:
      return TraitValue(int64_t{0}).index();
    case Kind::kDouble:
      return TraitValue(0.0).index();
    case Kind::kString:
      return TraitValue(std::string()).index();
    case Kind::kTimestamp:
      return TraitValue(absl::Time()).index();
    case Kind::kList:
      return TraitValue(std::vector<std::string>()).index();
    default:
      return absl::variant_npos;
  }
}

// The score of a profile that it reads; empty: none.
absl::string_view ScoreOf(FactKind kind) {
  switch (kind) {
    case FactKind::kNps:
      return "nps";
    case FactKind::kCsat:
      return "csat";
    case FactKind::kCes:
      return "ces";
    case FactKind::kRating:
      return "rate_product";
    case FactKind::kSentiment:
      return "sentiment";
    default:
      return "";
  }
}

bool ReadsEvents(FactKind kind) { return kind >= FactKind::kCount && kind <= FactKind::kDaysSince; }

bool TakesWindow(FactKind kind) {
  return kind == FactKind::kCount || kind == FactKind::kTotal || kind == FactKind::kContacts;
}

expression::Environment::CallResult Refuse(std::string message, int argument) {
  return {absl::nullopt, {std::move(message), argument}};
}

const absl::Duration kLongestWindow = Ledger::kDays * absl::Hours(24);

// What is wrong with a call's arguments, before their names are looked up; nullopt: nothing.
absl::optional<expression::Environment::CallProblem> CheckArguments(const FactDescription& row,
                                                                    absl::Span<const Value> arguments) {
  const size_t expected = TakesWindow(row.kind) ? 2 : 1;
  if (arguments.size() != expected) {
    return {{absl::StrCat(row.name, "() takes (", row.parameters, ")"), -1}};
  }
  if (arguments[0].kind() != Kind::kString)
    return {{absl::StrCat("the first argument of ", row.name, "() is a name in quotes"), 0}};
  if (expected == 1) return absl::nullopt;
  if (arguments[1].kind() != Kind::kDuration) {
    return {{absl::StrCat("the window of ", row.name, "() is a duration, such as days(30) or hours(6)"), 1}};
  }
  const absl::Duration window = arguments[1].duration_value();
  if (window <= absl::ZeroDuration() || window > kLongestWindow) {
    return {{absl::StrCat("the window of ", row.name, "() is more than 0 and at most ", Ledger::kDays, " days"), 1}};
  }
  return absl::nullopt;
}

}  // namespace

bool IsStageFact(FactKind kind) { return kind >= FactKind::kStage && kind <= FactKind::kStageVisits; }

absl::Span<const FactDescription> FactTable() { return kFacts; }

FactSet::FactSet(Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), primary_journey_(NameIdOf(vocabulary_.primary_journey)) {
  const auto declare = [this](FactKind kind, absl::string_view name, const Type& type) {
    std::string full = absl::StrCat(Row(kind).name, name);
    const absl::string_view score = ScoreOf(kind);
    segmentation::Fact fact{.kind = kind, .name = NameIdOf(score.empty() ? name : score), .stored_as = StoredAs(type)};
    fact.missing = absl::StrCat(full, " is not known");
    variables_.insert({full, {fact, type}});
  };
  for (const auto& trait : vocabulary_.traits) declare(FactKind::kTrait, trait.name, trait.type);
  for (const auto& key : vocabulary_.context) declare(FactKind::kContext, key.name, key.type);
  for (const auto& purpose : vocabulary_.purposes) declare(FactKind::kConsent, purpose, Type::Of(Kind::kBool));
  for (const FactDescription& row : kFacts) {
    const bool variable = row.parameters.empty() && row.name.back() != '.';
    if (variable && (!IsStageFact(row.kind) || !vocabulary_.stages.empty())) declare(row.kind, "", TypeOf(row));
  }
  events_.insert(vocabulary_.events.begin(), vocabulary_.events.end());
  affinities_.insert(vocabulary_.labels.begin(), vocabulary_.labels.end());
  affinities_.insert(vocabulary_.channels.begin(), vocabulary_.channels.end());
  for (size_t i = 0; i < vocabulary_.segments.size(); ++i)
    segments_.insert({vocabulary_.segments[i], static_cast<int>(i)});
  for (const std::string& action : vocabulary_.actions) contactable_.insert({action, false});
  for (const std::string& channel : vocabulary_.channels) contactable_.insert({channel, true});
  for (const std::string& stage : vocabulary_.stages) stages_.insert({NameIdOf(stage), stage});
}

absl::optional<expression::FactReference> FactSet::Variable(absl::string_view name) {
  auto it = variables_.find(name);
  if (it == variables_.end()) return absl::nullopt;
  return Intern(it->second.fact, it->second.type);
}

bool FactSet::HasFunction(absl::string_view name) const { return FunctionRow(name) != nullptr; }

expression::Environment::CallResult FactSet::Call(absl::string_view name, absl::Span<const Value> arguments) {
  const FactDescription& row = *FunctionRow(name);
  if (auto problem = CheckArguments(row, arguments)) return {absl::nullopt, *std::move(problem)};
  switch (row.kind) {
    case FactKind::kAffinity:
      return CallAffinity(arguments);
    case FactKind::kInSegment:
      return CallInSegment(arguments);
    case FactKind::kContacts:
      return CallContacts(arguments);
    default:
      return CallOnEvent(row, arguments);
  }
}

expression::Environment::CallResult FactSet::CallOnEvent(const FactDescription& row,
                                                         absl::Span<const Value> arguments) {
  const absl::string_view event = arguments[0].string_value();
  if (!events_.contains(event)) {
    return Refuse(
        absl::StrCat("no event type `", event, "` is built in or declared", DidYouMean(event, vocabulary_.events)), 0);
  }
  segmentation::Fact fact{.kind = row.kind, .name = NameIdOf(event)};
  if (TakesWindow(row.kind)) fact.window = arguments[1].duration_value();
  fact.missing = absl::StrCat("`", event, "` never happened");
  return {Intern(fact, TypeOf(row)), {}};
}

expression::Environment::CallResult FactSet::CallAffinity(absl::Span<const Value> arguments) {
  const absl::string_view name = arguments[0].string_value();
  if (!affinities_.contains(name)) {
    std::vector<std::string> known = vocabulary_.labels;
    known.insert(known.end(), vocabulary_.channels.begin(), vocabulary_.channels.end());
    return Refuse(absl::StrCat("no label or channel `", name, "` is declared", DidYouMean(name, known)), 0);
  }
  return {Intern({.kind = FactKind::kAffinity, .name = NameIdOf(name)}, Type::Of(Kind::kDouble)), {}};
}

expression::Environment::CallResult FactSet::CallInSegment(absl::Span<const Value> arguments) {
  const absl::string_view name = arguments[0].string_value();
  auto it = segments_.find(name);
  if (it == segments_.end()) {
    return Refuse(absl::StrCat("no segment `", name, "` is declared", DidYouMean(name, vocabulary_.segments)), 0);
  }
  return {Intern({.kind = FactKind::kInSegment, .name = NameIdOf(name), .segment = it->second}, Type::Of(Kind::kBool)),
          {}};
}

expression::Environment::CallResult FactSet::CallContacts(absl::Span<const Value> arguments) {
  const absl::string_view name = arguments[0].string_value();
  auto it = contactable_.find(name);
  if (it == contactable_.end()) {
    const std::vector<std::string>& nothing = vocabulary_.no_contacts;
    if (std::find(nothing.begin(), nothing.end(), name) != nothing.end())
      return Refuse(absl::StrCat("`", name, "` does nothing, which is no contact"), 0);
    std::vector<std::string> names = vocabulary_.channels;
    names.insert(names.end(), vocabulary_.actions.begin(), vocabulary_.actions.end());
    return Refuse(absl::StrCat("no channel or action `", name, "` is declared", DidYouMean(name, names)), 0);
  }
  return {Intern({.kind = FactKind::kContacts,
                  .name = NameIdOf(name),
                  .channel = it->second,
                  .window = arguments[1].duration_value()},
                 Type::Of(Kind::kInt)),
          {}};
}

std::vector<std::string> FactSet::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, unused] : variables_) names.push_back(name);
  for (const FactDescription& row : kFacts) {
    if (!row.parameters.empty()) names.emplace_back(row.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::string_view FactSet::StageName(NameId stage) const {
  auto it = stages_.find(stage);
  return it == stages_.end() ? absl::string_view() : it->second;
}

expression::FactReference FactSet::Intern(segmentation::Fact fact, const Type& type) {
  const std::string key = absl::StrCat(static_cast<int>(fact.kind), "/", static_cast<uint32_t>(fact.name), "/",
                                       fact.channel, "/", absl::ToInt64Nanoseconds(fact.window));
  auto [it, inserted] = slots_.try_emplace(key, static_cast<int>(facts_.size()));
  if (inserted) {
    if (fact.kind == FactKind::kTrait) fact.place = traits_.Add(fact.name);
    if (ReadsEvents(fact.kind)) fact.place = event_mentions_.Add(fact.name);
    facts_.push_back(std::move(fact));
  }
  return {it->second, type};
}

int FactSet::AddShared(const expression::Program& part) {
  facts_.push_back({.kind = FactKind::kShared, .shared = static_cast<int>(shared_.size())});
  shared_.push_back(part);
  return static_cast<int>(facts_.size() - 1);
}

FactFrame::FactFrame(const FactSet& facts, absl::Span<const SegmentRule> segment_rules, const Profile& profile,
                     const Context& context, absl::Time now)
    : facts_(facts),
      segment_rules_(segment_rules),
      profile_(&profile),
      context_(context),
      now_(now),
      arena_(absl::in_place),
      facts_read_(facts.facts().size()),
      in_segment_(segment_rules.size(), -1),
      traits_(facts.traits().size()),
      series_(facts.events().size()) {
  remembered_ = facts_read_.data();
  FindMentions();
}

void FactFrame::Begin(const Profile& profile) {
  profile_ = &profile;
  position_ = nullptr;
  population_reader_.reset();
  contacts_known_ = true;
  own_decisions_.clear();
  arena_.emplace();
  std::fill(facts_read_.begin(), facts_read_.end(), Remembered());
  std::fill(in_segment_.begin(), in_segment_.end(), -1);
  windows_.resize(facts_read_.size());
  FindMentions();
}

void FactFrame::FindMentions() {
  facts_.traits().FindIn(profile_->traits, &Trait::name, traits_.data());
  facts_.events().FindIn(profile_->ledger.series(), &Series::event, series_.data());
}

Value FactFrame::Fact(int slot) {
  Remembered& remembered = facts_read_[slot];
  if (!remembered.known) remembered = {ReadFact(facts_.facts()[slot]), true};
  return remembered.value;
}

bool FactFrame::InSegment(int segment) {
  if (in_segment_[segment] < 0) in_segment_[segment] = Derive(segment) ? 1 : 0;
  return in_segment_[segment] == 1;
}

absl::Span<const int8_t> FactFrame::EvaluateSegments(const expression::RuleSet& enter) {
  // Where there is hysteresis, more than the rule decides.
  for (size_t i = 0; i < segment_rules_.size(); ++i) {
    if (segment_rules_[i].leave.has_value()) InSegment(static_cast<int>(i));
  }
  enter.EvaluateUnknown(*this, *arena_, absl::MakeSpan(in_segment_));
  return in_segment_;
}

bool FactFrame::Derive(int segment) {
  const SegmentRule& rule = segment_rules_[segment];
  if (rule.leave.has_value()) {
    if (Evaluate(*rule.leave).holds()) return false;
    if (WasInSegment(segment)) return true;
  }
  return Evaluate(rule.enter).holds();
}

bool FactFrame::WasInSegment(int segment) const {
  const std::vector<NameId>& stored = profile_->derived.segments;
  return std::binary_search(stored.begin(), stored.end(), segment_rules_[segment].segment);
}

Value FactFrame::ReadFact(const segmentation::Fact& fact) {
  switch (fact.kind) {
    case FactKind::kTrait:
      return ReadTrait(fact, traits_[fact.place]);
    case FactKind::kContext: {
      auto it = std::find_if(context_.begin(), context_.end(), [&](const Trait& key) { return key.name == fact.name; });
      return ReadTrait(fact, it != context_.end() ? &*it : nullptr);
    }
    case FactKind::kConsent: {
      const Consent* consent = FindConsent(*profile_, fact.name);
      return Value::Bool(consent != nullptr && consent->granted);
    }
    case FactKind::kAffinity:
      return Value::Double(AffinityOf(*profile_, fact.name, now_));
    case FactKind::kInSegment:
      return Value::Bool(InSegment(fact.segment));
    case FactKind::kContacts:
      return ReadContacts(fact);
    case FactKind::kStage:
    case FactKind::kPreviousStage:
    case FactKind::kDaysInStage:
    case FactKind::kStageVisits:
      return ReadPosition(fact);
    case FactKind::kNps:
    case FactKind::kCsat:
    case FactKind::kCes:
    case FactKind::kRating:
    case FactKind::kSentiment:
      return ReadScore(fact);
    case FactKind::kNow:
      return Value::Timestamp(now_);
    case FactKind::kShared:
      return Evaluate(facts_.shared()[fact.shared]);
    case FactKind::kRfmRecency:
    case FactKind::kRfmFrequency:
    case FactKind::kRfmMonetary:
    case FactKind::kRfmCell:
    case FactKind::kRfmSegment:
    case FactKind::kExpectedPurchases:
    case FactKind::kLifetimeValue:
    case FactKind::kChurnRisk:
    case FactKind::kPersona:
      return ReadPopulation(fact);
    default:
      return ReadSeries(fact);
  }
}

// A value that was stored while the playbook declared another type is not known now.
Value FactFrame::ReadTrait(const segmentation::Fact& fact, const Trait* trait) {
  if (trait == nullptr || trait->value.index() != fact.stored_as) {
    return Value::Error(expression::ErrorCode::kMissing, fact.missing);
  }
  return ToValue(trait->value);
}

Value FactFrame::ReadSeries(const segmentation::Fact& fact) {
  if (fact.kind == FactKind::kCount) return Value::Int(static_cast<int64_t>(ReadWindow(fact).count));
  if (fact.kind == FactKind::kTotal) return Value::Double(static_cast<double>(ReadWindow(fact).value_micros) / 1e6);
  const Series* series = series_[fact.place];
  if (fact.kind == FactKind::kEver) return Value::Bool(series != nullptr);
  if (series == nullptr) return Value::Error(expression::ErrorCode::kMissing, fact.missing);
  if (fact.kind == FactKind::kFirst) return Value::Timestamp(series->first);
  if (fact.kind == FactKind::kLast) return Value::Timestamp(series->last);
  return Value::Int((now_ - series->last) / absl::Hours(24));
}

WindowSum FactFrame::ReadWindow(const segmentation::Fact& fact) {
  const Series* series = series_[fact.place];
  if (series == nullptr) return {};
  if (windows_.empty()) return Ledger::Query(*series, Ledger::RangeOf(now_, fact.window));
  BucketRange& window = windows_[static_cast<size_t>(&fact - facts_.facts().data())];
  if (window.to < window.from) window = Ledger::RangeOf(now_, fact.window);
  return Ledger::Query(*series, window);
}

Value FactFrame::ReadPopulation(const segmentation::Fact& fact) {
  const Value missing = Value::Error(expression::ErrorCode::kMissing, fact.missing);
  if (population_ == nullptr) return missing;
  if (!population_reader_.has_value()) population_reader_.emplace(*population_, *profile_, now_);
  const PopulationReader& reader = *population_reader_;
  const auto number = [&](const absl::optional<double>& value) {
    return value.has_value() ? Value::Double(*value) : missing;
  };
  switch (fact.kind) {
    case FactKind::kExpectedPurchases:
      return number(reader.expected_purchases(population_->horizon));
    case FactKind::kLifetimeValue:
      return number(reader.lifetime_value());
    case FactKind::kChurnRisk: {
      const absl::optional<double> alive = reader.probability_alive();
      return alive.has_value() ? Value::Double(1 - *alive) : missing;
    }
    case FactKind::kPersona: {
      const absl::optional<absl::string_view> persona = reader.persona();
      return persona.has_value() ? Value::String(*persona) : missing;
    }
    default: {
      const absl::optional<Rfm> rfm = reader.rfm();
      return rfm.has_value() ? ReadRfm(fact.kind, *rfm) : missing;
    }
  }
}

Value FactFrame::ReadRfm(FactKind kind, const Rfm& rfm) {
  switch (kind) {
    case FactKind::kRfmRecency:
      return Value::Int(rfm.recency);
    case FactKind::kRfmFrequency:
      return Value::Int(rfm.frequency);
    case FactKind::kRfmMonetary:
      return Value::Int(rfm.monetary);
    case FactKind::kRfmCell:
      return Value::String(arena_->Copy(rfm.cell()));
    default:
      return Value::String(NameOf(rfm.segment()));
  }
}

Value FactFrame::ReadScore(const segmentation::Fact& fact) const {
  const Score* score = FindScore(*profile_, fact.name);
  if (score == nullptr) return Value::Error(expression::ErrorCode::kMissing, fact.missing);
  const bool whole = fact.kind != FactKind::kRating && fact.kind != FactKind::kSentiment;
  if (whole) return Value::Int(score->value_micros / 1'000'000);
  return Value::Double(static_cast<double>(score->value_micros) / 1e6);
}

Value FactFrame::ReadPosition(const segmentation::Fact& fact) {
  const Value missing = Value::Error(expression::ErrorCode::kMissing, fact.missing);
  if (position_ == nullptr) return missing;
  if (fact.kind == FactKind::kDaysInStage) return Value::Int((now_ - position_->current.since) / absl::Hours(24));
  if (fact.kind == FactKind::kStageVisits) return Value::Int(VisitsOfCurrentStage(*position_));
  if (fact.kind == FactKind::kPreviousStage && position_->history.empty()) return missing;
  const NameId stage = fact.kind == FactKind::kStage ? position_->current.stage : position_->history.back().stage;
  const absl::string_view name = facts_.StageName(stage);
  return name.empty() ? missing : Value::String(name);  // a stage of an earlier playbook is not known
}

Value FactFrame::ReadContacts(const segmentation::Fact& fact) const {
  const absl::Time since = now_ - fact.window;
  if (!contacts_known_ || MayLackContacts(*profile_, since)) {
    return Value::Error(expression::ErrorCode::kMissing, "the customer's contacts are not all known");
  }
  // One that a clock ahead of ours dates after now counts already.
  return Value::Int(CountContacts(*profile_, since, absl::InfiniteFuture(), [&](const Contact& contact) {
    const bool own = std::find(own_decisions_.begin(), own_decisions_.end(), contact.decision) != own_decisions_.end();
    return !own && fact.name == (fact.channel ? contact.channel : contact.action);
  }));
}

Value FactFrame::ToValue(const TraitValue& value) {
  struct Visitor {
    expression::Arena& arena;

    Value operator()(bool v) const { return Value::Bool(v); }
    Value operator()(int64_t v) const { return Value::Int(v); }
    Value operator()(double v) const { return Value::Double(v); }
    Value operator()(const std::string& v) const { return Value::String(v); }
    Value operator()(absl::Time v) const { return Value::Timestamp(v); }
    Value operator()(const std::vector<std::string>& v) const {
      Value* elements = arena.Allocate<Value>(v.size());
      for (size_t i = 0; i < v.size(); ++i) new (elements + i) Value(Value::String(v[i]));
      return Value::List(arena.New(expression::ListValue{absl::MakeConstSpan(elements, v.size())}));
    }
  };
  return absl::visit(Visitor{*arena_}, value);
}

}  // namespace waymark::segmentation
