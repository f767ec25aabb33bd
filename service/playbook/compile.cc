#include "service/playbook/compile.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/playbook/compiler.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::playbook {
namespace {

constexpr absl::string_view kBuiltInEvents[] = {
    "add_payment_info",
    "add_shipping_info",
    "add_to_cart",
    "add_to_wishlist",
    "begin_checkout",
    "ces",
    "complaint",
    "contact_support",
    "csat",
    kDismiss,
    "generate_lead",
    kImpression,
    "login",
    "nps",
    "page_view",
    "purchase",
    "rate_product",
    "refer_friend",
    "refund",
    "remove_from_cart",
    "return",
    "search",
    "select_item",
    "select_promotion",
    "share",
    "sign_up",
    "use_product",
    "view_cart",
    "view_item",
    "view_item_list",
    "view_promotion",
};

absl::optional<expression::Type> TypeOf(v1::ValueType type) {
  using expression::Kind;
  using expression::Type;
  switch (type) {
    case v1::VALUE_TYPE_BOOL:
      return Type::Of(Kind::kBool);
    case v1::VALUE_TYPE_INT:
      return Type::Of(Kind::kInt);
    case v1::VALUE_TYPE_DOUBLE:
      return Type::Of(Kind::kDouble);
    case v1::VALUE_TYPE_STRING:
      return Type::Of(Kind::kString);
    case v1::VALUE_TYPE_TIMESTAMP:
      return Type::Of(Kind::kTimestamp);
    case v1::VALUE_TYPE_STRING_LIST:
      return Type::ListOf(Type::Of(Kind::kString));
    default:
      return absl::nullopt;
  }
}

// Declares the names of a list, and gives each its id.
template <typename List>
void DeclareNames(const std::string& list, const List& messages, NameIndex& names, IdBook& ids) {
  for (int i = 0; i < messages.size(); ++i) {
    const std::string field = absl::StrCat(list, "[", i, "].name");
    names.Add(field, messages[i].name());
    ids.Add(field, messages[i].name());
  }
}

CompileResult CompileRead(const v1::Playbook& source, Reading reading, uint64_t version,
                          std::shared_ptr<const TimeZones> zones) {
  Problems problems(reading.positions);
  CompileResult result;
  result.playbook = Compiler(source, std::move(zones), problems).Compile(version, reading.problems.empty());
  result.problems = std::move(reading.problems);
  // What could not be read is not missed once more.
  absl::flat_hash_set<std::string> unread;
  for (const Problem& problem : result.problems) unread.insert(problem.field);
  for (Problem& problem : problems.Take()) {
    if (!unread.contains(problem.field)) result.problems.push_back(std::move(problem));
  }
  std::stable_sort(result.problems.begin(), result.problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  if (result.problems.size() > kMaxProblems) result.problems.resize(kMaxProblems);
  if (!result.problems.empty()) result.playbook = nullptr;
  return result;
}

// Puts the candidate into the playbook; says where.
int Place(const CandidateSegment& candidate, v1::Playbook& source) {
  absl::flat_hash_map<std::string, int> indexes;
  for (int i = 0; i < source.segments_size(); ++i) indexes.insert({source.segments(i).name(), i});
  std::string name = candidate.name.empty() ? "preview" : candidate.name;
  while (candidate.name.empty() && indexes.contains(name)) name += "_";
  auto [it, is_new] = indexes.try_emplace(name, source.segments_size());
  v1::Segment& segment = is_new ? *source.add_segments() : *source.mutable_segments(it->second);
  segment.set_name(name);
  segment.set_when(candidate.when);
  segment.clear_enter_when();
  segment.clear_leave_when();
  return it->second;
}

}  // namespace

absl::Span<const absl::string_view> BuiltInEvents() { return kBuiltInEvents; }

CompileResult CompilePlaybook(absl::string_view yaml, uint64_t version, std::shared_ptr<const TimeZones> zones) {
  v1::Playbook source;
  Reading reading = ReadYaml(yaml, source);
  return CompileRead(source, std::move(reading), version, std::move(zones));
}

CandidateResult CompileWithSegment(absl::string_view yaml, uint64_t version, std::shared_ptr<const TimeZones> zones,
                                   const CandidateSegment& candidate) {
  v1::Playbook source;
  Reading reading = ReadYaml(yaml, source);
  CandidateResult result;
  result.index = Place(candidate, source);
  const std::string field = absl::StrCat("segments[", result.index, "].when");
  reading.positions.Add(field, candidate.when);
  result.compiled = CompileRead(source, std::move(reading), version, std::move(zones));
  for (Problem& problem : result.compiled.problems) {
    if (problem.field == field) problem.field = "when";
    if (problem.field == absl::StrCat("segments[", result.index, "].name"))
      problem = {"segment", 0, 0, problem.message};
  }
  return result;
}

Compiler::Compiler(const v1::Playbook& source, std::shared_ptr<const TimeZones> zones, Problems& problems)
    : source_(source),
      problems_(problems),
      ids_(problems),
      traits_("trait", problems),
      context_("context key", problems),
      purposes_("purpose", problems),
      events_("event type", problems),
      channels_("channel", problems),
      segments_("segment", problems),
      journeys_("journey", problems),
      actions_("action", problems),
      placements_("placement", problems),
      groups_("group", problems),
      budgets_("budget", problems),
      experiments_("experiment", problems) {
  playbook_->time_zones = zones != nullptr ? std::move(zones) : std::make_shared<TimeZones>();
}

std::shared_ptr<const Playbook> Compiler::Compile(uint64_t version, bool is_whole) {
  playbook_->version = version;
  playbook_->name = source_.name();
  playbook_->currency = source_.currency();
  playbook_->default_locale = source_.default_locale().empty() ? "en" : absl::AsciiStrToLower(source_.default_locale());
  if (!source_.name().empty() && !IsName(source_.name())) {
    problems_.Add("name", "a name is 1 to 64 of a-z, 0-9 and _, beginning with a letter");
  }
  CheckCurrency("currency", source_.currency());
  CheckLocale("default_locale", source_.default_locale());
  if (!CheckSizes()) return nullptr;
  Declare();
  CheckContactable();
  DeclareLabels();
  rules_ = std::make_unique<Rules>(MakeVocabulary(), problems_);
  CompileSegments();
  CheckSegmentCycles();
  CompileChannels();
  CompileJourneys();
  CompileActions();
  CompileContactPolicy();
  CompilePlacements();
  CompileTouchpoints();
  CompileKeepText();
  CompileSlates();
  CompileBudgets();
  playbook_->arbitration = CompileArbitration("arbitration", source_.arbitration());
  NumberSharedLimits();
  CompileExperiments();
  CompilePurposes();
  CompilePopulation();
  CompileKeepDecisions();
  CollectCountedByRules();
  if (is_whole && problems_.empty()) CheckUse();
  if (!problems_.empty()) return nullptr;
  playbook_->names = ids_.Take();
  rules_->Share(playbook_->segment_rules);
  playbook_->rules = rules_->TakePrograms();
  playbook_->facts = rules_->TakeFacts();
  CheckFallbacksForStrangers();
  return playbook_;
}

bool Compiler::CheckSizes() {
  bool fits = true;
  const auto check = [this, &fits](const char* list, int size, int most) {
    if (size <= most) return;
    fits = false;
    problems_.Add(list, absl::StrCat("at most ", most, "; these are ", size));
  };
  check("traits", source_.traits_size(), segmentation::Profile::kMaxTraits);
  check("purposes", source_.purposes_size(), segmentation::Profile::kMaxConsents);
  check("events", source_.events_size(), 256);
  check("labels", source_.labels_size(), 10000);
  check("context", source_.context_size(), 64);
  check("channels", source_.channels_size(), 32);
  check("segments", source_.segments_size(), 1000);
  check("journeys", source_.journeys_size(), 16);
  check("actions", source_.actions_size(), 10000);
  check("placements", source_.placements_size(), 256);
  check("groups", source_.groups_size(), 256);
  check("budgets", source_.budgets_size(), 256);
  check("experiments", source_.experiments_size(), 64);
  check("touchpoints", source_.touchpoints_size(), 1000);
  return fits;
}

void Compiler::Declare() {
  for (int i = 0; i < source_.traits_size(); ++i) {
    const v1::Trait& trait = source_.traits(i);
    DeclareTyped(absl::StrCat("traits[", i, "]"), trait.name(), trait.type(), traits_, typed_traits_);
  }
  for (int i = 0; i < source_.context_size(); ++i) {
    const v1::ContextKey& key = source_.context(i);
    DeclareTyped(absl::StrCat("context[", i, "]"), key.name(), key.type(), context_, typed_context_);
  }
  for (absl::string_view event : kBuiltInEvents) {
    events_.Add("events", std::string(event));
    ids_.Add("events", std::string(event));
  }
  DeclareNames("events", source_.events(), events_, ids_);
  DeclareNames("purposes", source_.purposes(), purposes_, ids_);
  DeclareNames("channels", source_.channels(), channels_, ids_);
  DeclareNames("segments", source_.segments(), segments_, ids_);
  DeclareNames("journeys", source_.journeys(), journeys_, ids_);
  DeclareNames("actions", source_.actions(), actions_, ids_);
  DeclareNames("placements", source_.placements(), placements_, ids_);
  DeclareNames("groups", source_.groups(), groups_, ids_);
  for (const auto& typed : typed_traits_) playbook_->traits.insert({typed.name, typed.type});
  for (const auto& typed : typed_context_) playbook_->context.insert({typed.name, typed.type});
  for (const std::string& event : events_.names()) playbook_->event_ids.insert({event, segmentation::NameIdOf(event)});
  for (const std::string& name : purposes_.names()) playbook_->purposes.insert({name, segmentation::NameIdOf(name)});
}

void Compiler::DeclareTyped(const std::string& field, const std::string& name, v1::ValueType type, NameIndex& names,
                            std::vector<segmentation::Vocabulary::Typed>& typed) {
  names.Add(field + ".name", name);
  ids_.Add(field + ".name", name);
  const absl::optional<expression::Type> known = TypeOf(type);
  if (!known.has_value())
    problems_.Add(field + ".type", "this needs a type: BOOL, INT, DOUBLE, STRING, TIMESTAMP or STRING_LIST");
  typed.push_back({name, known.value_or(expression::Type::Dyn())});
}

// contacts() names channels and actions alike, not_after actions and groups.
void Compiler::CheckContactable() {
  std::set<std::string> taken(channels_.names().begin(), channels_.names().end());
  for (int i = 0; i < source_.actions_size(); ++i) {
    if (taken.count(source_.actions(i).name()) == 0) continue;
    problems_.Add(absl::StrCat("actions[", i, "].name"),
                  "a channel has this name too, so contacts() could mean either");
  }
  taken.insert(actions_.names().begin(), actions_.names().end());
  for (int i = 0; i < source_.groups_size(); ++i) {
    if (taken.count(source_.groups(i).name()) == 0) continue;
    problems_.Add(absl::StrCat("groups[", i, "].name"), "a channel or an action has this name too");
  }
}

segmentation::Vocabulary Compiler::MakeVocabulary() {
  segmentation::Vocabulary vocabulary;
  vocabulary.traits = typed_traits_;
  vocabulary.context = typed_context_;
  vocabulary.purposes = purposes_.names();
  vocabulary.events = events_.names();
  vocabulary.events.insert(vocabulary.events.end(), labelled_events_.begin(), labelled_events_.end());
  for (const EventLabel& label : playbook_->event_labels) vocabulary.labels.push_back(label.name);
  vocabulary.channels = channels_.names();
  for (int i = 0; i < source_.actions_size(); ++i) {
    const v1::Action& action = source_.actions(i);
    (action.kind() == v1::ACTION_KIND_NONE ? vocabulary.no_contacts : vocabulary.actions).push_back(action.name());
  }
  vocabulary.segments = segments_.names();
  for (int i = 0; i < source_.journeys_size(); ++i) {
    stages_.push_back(ExpandStages(source_.journeys(i), absl::StrCat("journeys[", i, "]"), problems_));
  }
  if (!stages_.empty()) {
    vocabulary.primary_journey = source_.journeys(0).name();
    for (const ExpandedStage& stage : stages_[0]) vocabulary.stages.push_back(stage.stage.name());
  }
  return vocabulary;
}

void Compiler::CompileSegments() {
  for (int i = 0; i < source_.segments_size(); ++i) {
    const v1::Segment& segment = source_.segments(i);
    playbook_->segment_rules.push_back(CompileSegmentRule(absl::StrCat("segments[", i, "]"), segment));
    playbook_->segments.push_back(
        {segment.name(), segmentation::NameIdOf(segment.name()), CompileLabels(segment.labels())});
  }
}

segmentation::SegmentRule Compiler::CompileSegmentRule(const std::string& field, const v1::Segment& segment) {
  segmentation::SegmentRule rule{.segment = segmentation::NameIdOf(segment.name())};
  const bool hysteresis = !segment.enter_when().empty() || !segment.leave_when().empty();
  if (hysteresis && !segment.when().empty()) {
    problems_.Add(field + ".when", "either `when`, or `enter_when` and `leave_when`");
  }
  const auto compile = [&](const char* name, const std::string& text) {
    if (text.empty()) problems_.Add(absl::StrCat(field, ".", name), "this segment needs a rule");
    return rules_->Program(absl::StrCat(field, ".", name), text);
  };
  if (!hysteresis) {
    rule.enter = compile("when", segment.when());
    return rule;
  }
  rule.enter = compile("enter_when", segment.enter_when());
  rule.leave = compile("leave_when", segment.leave_when());
  return rule;
}

void Compiler::CompileChannels() {
  for (int i = 0; i < source_.channels_size(); ++i) {
    const v1::Channel& source = source_.channels(i);
    const std::string field = absl::StrCat("channels[", i, "]");
    Channel channel{.name = source.name(), .id = segmentation::NameIdOf(source.name())};
    if (!source.consent().empty() && purposes_.Find(field + ".consent", source.consent()) >= 0) {
      channel.consent = segmentation::NameIdOf(source.consent());
      channel.consent_name = source.consent();
    }
    if (source.content_type() == v1::CONTENT_TYPE_HTML) channel.content_type = ContentType::kHtml;
    if (source.content_type() == v1::CONTENT_TYPE_JSON) channel.content_type = ContentType::kJson;
    channel.limits = CompileLimits(field + ".limits", source.limits());
    playbook_->channels.push_back(std::move(channel));
  }
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

Labels Compiler::CompileLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  Labels compiled(labels.begin(), labels.end());
  std::sort(compiled.begin(), compiled.end());
  return compiled;
}

void Compiler::CheckLocale(const std::string& field, const std::string& locale) {
  if (locale.empty()) return;
  for (absl::string_view part : absl::StrSplit(locale, '-')) {
    if (!part.empty() && part.size() <= 8 && std::all_of(part.begin(), part.end(), absl::ascii_isalnum)) continue;
    problems_.Add(field, "a locale is written as de or de-AT (BCP 47)");
    return;
  }
}

void Compiler::CheckCurrency(const std::string& field, const std::string& currency) {
  if (currency.empty()) return;
  if (currency.size() != 3 || !std::all_of(currency.begin(), currency.end(), absl::ascii_isupper)) {
    problems_.Add(field, "a currency is three capital letters (ISO 4217), such as EUR");
  }
}

double Compiler::CheckRange(const std::string& field, double value, double low, double high) {
  if (!(value >= low && value <= high)) problems_.Add(field, absl::StrCat("from ", low, " to ", high));
  return value;
}

void Compiler::CompilePurposes() {
  std::set<int> taken;
  for (int i = 0; i < source_.purposes_size(); ++i) {
    if (!source_.purposes(i).has_tcf()) continue;
    const std::string field = absl::StrCat("purposes[", i, "].tcf");
    const int number = source_.purposes(i).tcf();
    if (number < 1 || number > 11) problems_.Add(field, "the TCF's purposes are 1 to 11");
    if (!taken.insert(number).second) problems_.Add(field, "another purpose has this number");
    playbook_->purposes.insert({absl::StrCat("tcf:", number), segmentation::NameIdOf(source_.purposes(i).name())});
  }
  if (!source_.profiling_purpose().empty() && purposes_.Find("profiling_purpose", source_.profiling_purpose()) >= 0) {
    playbook_->profiling_purpose = segmentation::NameIdOf(source_.profiling_purpose());
  }
}

void Compiler::CompileKeepDecisions() {
  if (!source_.has_keep_decisions()) return;
  playbook_->keep_decisions = ToDuration(source_.keep_decisions());
  if (playbook_->keep_decisions < absl::Hours(1) || playbook_->keep_decisions > absl::Hours(24 * 400)) {
    problems_.Add("keep_decisions", "1 hour to 400 days");
  }
}

void Compiler::CollectCountedByRules() {
  for (const segmentation::Fact& fact : rules_->facts().facts()) {
    if (fact.kind == segmentation::FactKind::kContacts) playbook_->counted_by_rules.push_back(fact.name);
  }
}

}  // namespace waymark::playbook
