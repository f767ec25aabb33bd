#include "service/cli/mapping.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "service/cli/timestamps.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::cli {
namespace {

namespace pb = playbook::v1;

constexpr size_t kMaxIdBytes = 128;    // the contract's, of customers and events
constexpr size_t kMaxTextBytes = 500;  // the contract's, of what customers write

std::string Refusal(absl::string_view column, absl::string_view why) {
  return absl::StrCat("column \"", column, "\": ", why);
}

// At most so many bytes, up to a whole character. REQUIRES: UTF-8.
std::string FirstBytes(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  while ((static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;  // within a character
  return text.substr(0, most);
}

}  // namespace

LineConverter::LineConverter(const pb::ImportMapping& mapping, const pb::Source& source)
    : file_(source.file()),
      currency_(mapping.currency()),
      time_zone_(mapping.time_zone()),
      missing_(mapping.missing().begin(), mapping.missing().end()) {
  ListColumns(source);
  where_ = Filters(source.where());
  customer_ = Column(source.customer().column());
  customer_prefix_ = source.customer().prefix();
  customer_is_number_ = source.customer().whole_number();
  only_known_ = source.only_known_customers();
  for (const pb::TraitColumn& trait : source.traits()) traits_.push_back(Trait(trait));
  for (const pb::ConsentColumn& consent : source.consents()) consents_.push_back(Consent(consent));
  for (const pb::EventRule& rule : source.events()) {
    events_.push_back(Event(rule));
    events_.back().number = static_cast<int>(events_.size()) - 1;
  }
}

// Every column that the source mentions, the joins' apart.
void LineConverter::ListColumns(const pb::Source& source) {
  absl::flat_hash_set<std::string> joined;
  for (const pb::Join& join : source.joins()) joined.insert(join.columns().begin(), join.columns().end());
  const auto own = [&](const std::string& name) {
    if (name.empty() || joined.contains(name) || !index_.emplace(name, names_.size()).second) return;
    names_.push_back(name);
  };
  const auto filters = [&](const auto& list) {
    for (const pb::Filter& filter : list) own(filter.column());
  };
  for (const pb::Join& join : source.joins()) own(join.key());
  filters(source.where());
  own(source.customer().column());
  for (const pb::TraitColumn& trait : source.traits()) own(trait.column().empty() ? trait.trait() : trait.column());
  for (const pb::ConsentColumn& consent : source.consents()) {
    own(consent.column());
    own(consent.time_column());
  }
  for (const pb::EventRule& rule : source.events()) {
    own(rule.type_from().column());
    filters(rule.where());
    for (const std::string& column : rule.id()) own(column);
    own(rule.time_column());
    own(rule.value().column());
    own(rule.value().times());
    for (const pb::TextColumn& label : rule.labels()) own(label.column());
    own(rule.touchpoint_from().column());
    own(rule.sentiment_column());
    own(rule.text_column());
  }
  own_columns_ = names_;
  for (const pb::Join& join : source.joins()) {
    key_columns_.push_back(Column(join.key()));
    for (const std::string& column : join.columns()) {
      index_.emplace(column, names_.size());
      names_.push_back(column);
    }
  }
}

size_t LineConverter::Column(const std::string& name) const { return index_.at(name); }

absl::optional<size_t> LineConverter::OptionalColumn(const std::string& name) const {
  if (name.empty()) return absl::nullopt;
  return Column(name);
}

std::vector<LineConverter::FilterRule> LineConverter::Filters(
    const google::protobuf::RepeatedPtrField<pb::Filter>& filters) const {
  std::vector<FilterRule> rules;
  for (const pb::Filter& filter : filters) {
    FilterRule rule{Column(filter.column())};
    rule.by_presence = filter.has_present();
    rule.wanted = filter.has_present() ? filter.present() : filter.not_in().empty();
    rule.texts.insert(filter.in().begin(), filter.in().end());
    rule.texts.insert(filter.not_in().begin(), filter.not_in().end());
    if (filter.has_equals()) rule.texts.insert(filter.equals());
    if (filter.has_above()) rule.above = filter.above();
    rules.push_back(std::move(rule));
  }
  return rules;
}

LineConverter::TraitRule LineConverter::Trait(const pb::TraitColumn& trait) const {
  TraitRule rule{trait.trait(), Column(trait.column().empty() ? trait.trait() : trait.column())};
  rule.values.insert(trait.values().begin(), trait.values().end());
  rule.missing.insert(trait.missing().begin(), trait.missing().end());
  if (trait.type() != pb::VALUE_TYPE_UNSPECIFIED) rule.reading.type = trait.type();
  rule.reading.decimal_comma = trait.number().decimal_comma();
  rule.reading.time = Time(trait.time());
  if (!trait.separator().empty()) rule.reading.separator = trait.separator();
  return rule;
}

LineConverter::ConsentRule LineConverter::Consent(const pb::ConsentColumn& consent) const {
  ConsentRule rule{consent.purpose()};
  if (consent.has_always()) rule.always = consent.always();
  rule.column = OptionalColumn(consent.column());
  const auto fill = [](const auto& texts, std::initializer_list<absl::string_view> otherwise, auto& set) {
    for (const std::string& text : texts) set.insert(absl::AsciiStrToLower(text));
    if (texts.empty()) set.insert(otherwise.begin(), otherwise.end());
  };
  fill(consent.granted(), {"true", "yes", "1"}, rule.granted);
  fill(consent.refused(), {"false", "no", "0"}, rule.refused);
  rule.time_column = OptionalColumn(consent.time_column());
  rule.time = Time(consent.time());
  return rule;
}

LineConverter::Rule LineConverter::Event(const pb::EventRule& rule) const {
  Rule event;
  event.type = rule.type();
  event.type_column = OptionalColumn(rule.type_from().column());
  event.types.insert(rule.type_from().types().begin(), rule.type_from().types().end());
  event.otherwise = rule.type_from().otherwise();
  event.where = Filters(rule.where());
  for (const std::string& column : rule.id()) event.id.push_back(Column(column));
  event.time_column = Column(rule.time_column());
  event.time = Time(rule.time());
  if (rule.has_value()) {
    const pb::ValueColumn& value = rule.value();
    event.value =
        ValueRule{Column(value.column()), OptionalColumn(value.times()), value.kind() != pb::VALUE_KIND_NUMBER,
                  value.currency().empty() ? currency_ : value.currency(), value.number().decimal_comma()};
  }
  for (const pb::TextColumn& label : rule.labels()) event.labels.push_back(Text(label));
  event.touchpoint = rule.touchpoint();
  if (rule.has_touchpoint_from()) event.touchpoint_from = Text(rule.touchpoint_from());
  event.merge = rule.merge();
  event.sentiment_column = OptionalColumn(rule.sentiment_column());
  event.text_column = OptionalColumn(rule.text_column());
  return event;
}

LineConverter::TextRule LineConverter::Text(const pb::TextColumn& text) const {
  return {Column(text.column()), {text.values().begin(), text.values().end()}};
}

TimeReading LineConverter::Time(const pb::TimeFormat& format) const {
  TimeReading reading{format.kind(), format.pattern()};
  const std::string& zone = format.time_zone().empty() ? time_zone_ : format.time_zone();
  if (!zone.empty()) absl::LoadTimeZone(zone, &reading.zone);  // CheckMapping saw that there is such a zone
  return reading;
}

bool LineConverter::Holds(const FilterRule& filter, Texts texts) const {
  const std::string& text = texts[filter.column];
  if (filter.above.has_value()) {
    const absl::optional<double> number = ParseNumber(text, false);
    return number.has_value() && *number > *filter.above;
  }
  const bool found = filter.by_presence ? !IsMissing(text) : filter.texts.contains(text);
  return found == filter.wanted;
}

bool LineConverter::AllHold(const std::vector<FilterRule>& filters, Texts texts) const {
  for (const FilterRule& filter : filters) {
    if (!Holds(filter, texts)) return false;
  }
  return true;
}

std::string LineConverter::TextOf(const TextRule& rule, Texts texts) const {
  const std::string& text = texts[rule.column];
  const auto replaced = rule.values.find(text);
  if (replaced != rule.values.end()) return replaced->second;
  return IsMissing(text) ? "" : text;
}

std::string LineConverter::SetCustomer(const std::string& text, std::string& customer) const {
  if (IsMissing(text)) return Refusal(NameOf(customer_), "missing, and the customer");
  customer = customer_prefix_;
  if (customer_is_number_) {
    const absl::optional<int64_t> micros = ParseMicros(text, false);
    if (!micros.has_value() || *micros % 1'000'000 != 0) {
      return Refusal(NameOf(customer_), "expected a whole number, the customer");
    }
    absl::StrAppend(&customer, *micros / 1'000'000);
  } else {
    absl::StrAppend(&customer, text);
  }
  return customer.size() > kMaxIdBytes ? Refusal(NameOf(customer_), "longer than 128 bytes") : "";
}

std::string LineConverter::AddTrait(const TraitRule& rule, Texts texts, v1::Profile& profile) const {
  const std::string& text = texts[rule.column];
  if (IsMissing(text) || rule.missing.contains(text)) return "";
  const auto replaced = rule.values.find(text);
  absl::StatusOr<v1::Value> value = ToValue(replaced == rule.values.end() ? text : replaced->second, rule.reading);
  if (!value.ok()) return Refusal(NameOf(rule.column), value.status().message());
  (*profile.mutable_traits())[rule.trait] = *std::move(value);
  return "";
}

std::string LineConverter::AddConsent(const ConsentRule& rule, Texts texts, v1::Profile& profile) const {
  v1::Consent consent;
  if (rule.always.has_value()) {
    consent.set_granted(*rule.always);
  } else {
    const std::string text = absl::AsciiStrToLower(texts[*rule.column]);
    if (IsMissing(texts[*rule.column])) return "";
    const bool granted = rule.granted.contains(text);
    if (!granted && !rule.refused.contains(text)) {
      return Refusal(NameOf(*rule.column), "neither a text for granted nor one for refused");
    }
    consent.set_granted(granted);
  }
  if (rule.time_column.has_value() && !IsMissing(texts[*rule.time_column])) {
    const absl::optional<absl::Time> time = ParseTimeText(texts[*rule.time_column], rule.time);
    if (!time.has_value()) {
      return Refusal(NameOf(*rule.time_column), "expected a time, as the mapping says it is written");
    }
    *consent.mutable_time() = ToTimestamp(*time);
  }
  (*profile.mutable_consents())[rule.purpose] = consent;
  return "";
}

// The type goes first, so that one line's events do not meet; parts are told apart by a '/' that none of them has.
std::string LineConverter::SetId(const Rule& rule, Texts texts, int line, v1::Event& event) const {
  std::string id = event.type();
  for (const size_t column : rule.id) {
    if (IsMissing(texts[column])) return Refusal(NameOf(column), "missing, and a part of the event's id");
    absl::StrAppend(&id, "/", absl::StrReplaceAll(texts[column], {{"%", "%25"}, {"/", "%2F"}}));
  }
  if (rule.id.empty())
    absl::StrAppend(&id, "/", file_, ":", line, rule.number > 0 ? absl::StrCat("#", rule.number) : "");
  if (id.size() > kMaxIdBytes) return "the event's id would be longer than 128 bytes";
  event.set_id(std::move(id));
  return "";
}

std::string LineConverter::SetValue(const ValueRule& rule, Texts texts, v1::Event& event) const {
  const std::string& text = texts[rule.column];
  if (IsMissing(text)) return "";
  const std::string one = "1";
  const std::string& times = rule.times.has_value() ? texts[*rule.times] : one;
  if (IsMissing(times)) return Refusal(NameOf(*rule.times), "missing");
  if (!rule.money) {
    const absl::optional<double> number = ParseNumber(text, rule.decimal_comma);
    const absl::optional<double> factor = ParseNumber(times, rule.decimal_comma);
    if (!number.has_value()) return Refusal(NameOf(rule.column), "expected a number");
    if (!factor.has_value()) return Refusal(NameOf(*rule.times), "expected a number");
    event.set_number(*number * *factor);
    return "";
  }
  const absl::optional<int64_t> amount = ParseMicros(text, rule.decimal_comma);
  const absl::optional<int64_t> factor = ParseMicros(times, rule.decimal_comma);
  if (!amount.has_value()) return Refusal(NameOf(rule.column), "expected an amount");
  if (!factor.has_value()) return Refusal(NameOf(*rule.times), "expected a number");
  const absl::optional<int64_t> micros = MultiplyMicros(*amount, *factor);
  if (!micros.has_value()) return Refusal(NameOf(rule.column), "the amount is too large");
  event.mutable_money()->set_micros(*micros);
  event.mutable_money()->set_currency(rule.currency);
  return "";
}

std::string LineConverter::SetFeeling(const Rule& rule, Texts texts, v1::Event& event) const {
  if (rule.sentiment_column.has_value() && !IsMissing(texts[*rule.sentiment_column])) {
    const absl::optional<double> sentiment = ParseNumber(texts[*rule.sentiment_column], false);
    if (!sentiment.has_value() || *sentiment < -1 || *sentiment > 1)
      return Refusal(NameOf(*rule.sentiment_column), "expected a number from -1 to 1");
    event.set_sentiment(*sentiment);
  }
  if (rule.text_column.has_value() && !IsMissing(texts[*rule.text_column]))
    event.set_text(FirstBytes(texts[*rule.text_column], kMaxTextBytes));
  return "";
}

std::string LineConverter::AddEvent(const Rule& rule, Texts texts, int line, Conversion& result) const {
  if (!AllHold(rule.where, texts)) return "";
  v1::Event event;
  event.set_type(rule.type);
  if (rule.type_column.has_value()) {
    const auto type = rule.types.find(texts[*rule.type_column]);
    event.set_type(type == rule.types.end() ? rule.otherwise : type->second);
    if (event.type().empty()) return "";
  }
  const std::string& when = texts[rule.time_column];
  if (IsMissing(when)) return Refusal(NameOf(rule.time_column), "missing, and the time of the event");
  const absl::optional<absl::Time> time = ParseTimeText(when, rule.time);
  if (!time.has_value()) {
    return Refusal(NameOf(rule.time_column),
                   "expected a time of the years 1970 to 9999, as the mapping says it is written");
  }
  *event.mutable_time() = ToTimestamp(*time);
  std::string problem = SetId(rule, texts, line, event);
  if (problem.empty() && rule.value.has_value()) problem = SetValue(*rule.value, texts, event);
  if (problem.empty()) problem = SetFeeling(rule, texts, event);
  if (!problem.empty()) return problem;
  for (const TextRule& label : rule.labels) {
    std::string text = TextOf(label, texts);
    if (!text.empty()) event.add_labels(std::move(text));
  }
  event.set_touchpoint(rule.touchpoint_from.has_value() ? TextOf(*rule.touchpoint_from, texts) : rule.touchpoint);
  (rule.merge ? result.parts : result.events).push_back(std::move(event));
  return "";
}

Conversion LineConverter::Convert(Texts texts, int line, absl::FunctionRef<bool(absl::string_view)> known) const {
  Conversion result;
  if (!AllHold(where_, texts)) return result;
  std::string problem;
  for (size_t i = 0; i < texts.size() && problem.empty(); ++i) {
    if (!playbook::IsUtf8(texts[i])) problem = Refusal(NameOf(i), "not UTF-8");
  }
  if (problem.empty()) problem = SetCustomer(texts[customer_], result.customer);
  if (problem.empty() && only_known_ && !known(result.customer)) return result;
  if (names_customers()) result.profile.emplace();
  for (size_t i = 0; problem.empty() && i < traits_.size(); ++i) problem = AddTrait(traits_[i], texts, *result.profile);
  for (size_t i = 0; problem.empty() && i < consents_.size(); ++i) {
    problem = AddConsent(consents_[i], texts, *result.profile);
  }
  for (size_t i = 0; problem.empty() && i < events_.size(); ++i) {
    problem = AddEvent(events_[i], texts, line, result);
  }
  if (!problem.empty()) return {Conversion::Kind::kRefused, std::move(problem)};
  if (result.profile.has_value() || !result.events.empty() || !result.parts.empty())
    result.kind = Conversion::Kind::kConverted;
  return result;
}

}  // namespace waymark::cli
