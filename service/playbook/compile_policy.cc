#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

using segmentation::NameIdOf;

constexpr absl::Duration kLongest = absl::Hours(24 * 400);
constexpr int kMinutesOfDay = 24 * 60;

// "HH:MM" as minutes of the day, 24:00 at most; -1 where it is not that.
int ToMinutes(const std::string& text) {
  int hours = 0;
  int minutes = 0;
  const bool shaped = text.size() == 5 && text[2] == ':' && absl::ascii_isdigit(text[0]) &&
                      absl::ascii_isdigit(text[1]) && absl::ascii_isdigit(text[3]) && absl::ascii_isdigit(text[4]) &&
                      absl::SimpleAtoi(text.substr(0, 2), &hours) && absl::SimpleAtoi(text.substr(3), &minutes);
  if (!shaped || minutes > 59 || hours * 60 + minutes > kMinutesOfDay) return -1;
  return hours * 60 + minutes;
}

}  // namespace

Period ToPeriod(v1::Period period) {
  switch (period) {
    case v1::PERIOD_DAY:
      return Period::kDay;
    case v1::PERIOD_WEEK:
      return Period::kWeek;
    case v1::PERIOD_MONTH:
      return Period::kMonth;
    default:
      return Period::kNone;
  }
}

void Compiler::CompileContactPolicy() {
  CompileTimeZone();
  CompileGroups();
  CompileQuietHours();
  for (int i = 0; i < source_.actions_size(); ++i) {
    const v1::Action& source = source_.actions(i);
    const std::string field = absl::StrCat("actions[", i, "]");
    Action& action = playbook_->actions[static_cast<size_t>(i)];
    playbook_->action_by_id.insert({action.id, i});
    if (!source.group().empty()) action.group = groups_.Find(field + ".group", source.group());
    if (action.group >= 0) playbook_->groups[static_cast<size_t>(action.group)].members.push_back(action.id);
    CompileSuppressions(field + ".suppressions", source, action);
    CompileNotAfter(field + ".not_after", source, action);
    if (action.kind == ActionKind::kNone &&
        (!action.limits.empty() || !action.suppressions.empty() || !action.not_after.empty())) {
      problems_.Add(field, "doing nothing is no contact: it has no limits, suppressions or not_after");
    }
  }
  for (Group& group : playbook_->groups) std::sort(group.members.begin(), group.members.end());
  MarkCounted();
  CheckFallbacksOfPolicy();
}

void Compiler::CompileTimeZone() {
  if (!source_.time_zone().empty() && source_.time_zone() != "UTC") {
    const auto zone = playbook_->time_zones->find(source_.time_zone());
    if (zone != playbook_->time_zones->end()) {
      playbook_->time_zone = zone->second;
    } else {
      std::vector<std::string> known = {"UTC"};
      for (const auto& [name, unused] : *playbook_->time_zones) known.push_back(name);
      std::sort(known.begin(), known.end());
      problems_.Add("time_zone", absl::StrCat("no time zone `", source_.time_zone(), "` is known here",
                                              expression::DidYouMean(source_.time_zone(), known)));
    }
  }
  if (source_.time_zone_trait().empty()) return;
  const int trait = traits_.Find("time_zone_trait", source_.time_zone_trait());
  if (trait < 0) return;
  if (source_.traits(trait).type() != v1::VALUE_TYPE_STRING)
    problems_.Add("time_zone_trait", "this must be a trait of type STRING");
  playbook_->time_zone_trait = NameIdOf(source_.time_zone_trait());
}

void Compiler::CompileGroups() {
  for (int i = 0; i < source_.groups_size(); ++i) {
    const v1::Group& source = source_.groups(i);
    const std::string field = absl::StrCat("groups[", i, "]");
    Group group{.name = source.name(), .id = NameIdOf(source.name())};
    if (source.has_lever()) group.lever = CheckRange(field + ".lever", source.lever(), 0, 1000);
    group.limits = CompileLimits(field + ".limits", source.limits());
    if (source.has_max_per_call()) {
      group.max_per_call = source.max_per_call();
      CheckRange(field + ".max_per_call", source.max_per_call(), 1, 100);
    }
    playbook_->groups.push_back(std::move(group));
  }
}

std::vector<Limit> Compiler::CompileLimits(const std::string& field,
                                           const google::protobuf::RepeatedPtrField<v1::Limit>& limits) {
  if (limits.size() > 8) problems_.Add(field, "at most 8 limits");
  std::vector<Limit> compiled;
  for (int i = 0; i < limits.size(); ++i) {
    const v1::Limit& source = limits[i];
    const std::string each = absl::StrCat(field, "[", i, "]");
    if (source.per() != v1::LIMIT_SCOPE_CUSTOMER) problems_.Add(each + ".per", "a limit is per CUSTOMER");
    if (source.max() < 1 || source.max() > 100) problems_.Add(each + ".max", "1 to 100");
    Limit limit{.max = source.max(), .period = ToPeriod(source.period())};
    if (limit.period != Period::kNone && source.has_window()) {
      problems_.Add(each + ".period", "either `window` or `period`, not both");
    } else if (source.has_window()) {
      limit.window = ToDuration(source.window());
      if (limit.window < absl::Seconds(1) || limit.window > kLongest)
        problems_.Add(each + ".window", "1 second to 400 days");
    } else if (limit.period == Period::kNone) {
      problems_.Add(each + ".period", "a limit needs a `window` or a `period`");
    }
    compiled.push_back(limit);
  }
  return compiled;
}

void Compiler::CompileQuietHours() {
  for (int i = 0; i < source_.channels_size(); ++i) {
    const v1::Channel& source = source_.channels(i);
    const std::string field = absl::StrCat("channels[", i, "].quiet_hours");
    if (source.quiet_hours_size() > 8) problems_.Add(field, "at most 8");
    for (int j = 0; j < source.quiet_hours_size(); ++j) {
      const v1::QuietHours& hours = source.quiet_hours(j);
      const std::string each = absl::StrCat(field, "[", j, "]");
      QuietHours compiled{.from = ToMinutes(hours.from()), .until = ToMinutes(hours.until())};
      if (compiled.from < 0 || compiled.from == kMinutesOfDay)
        problems_.Add(each + ".from", "a time of the day is \"HH:MM\", 00:00 to 23:59");
      if (compiled.until < 0) problems_.Add(each + ".until", "a time of the day is \"HH:MM\", 00:00 to 24:00");
      if (!hours.days().empty()) compiled.days = 0;
      for (int day : hours.days()) {
        if (day != v1::WEEKDAY_UNSPECIFIED) compiled.days |= static_cast<uint8_t>(1 << (day - v1::WEEKDAY_MONDAY));
      }
      playbook_->channels[static_cast<size_t>(i)].quiet_hours.push_back(compiled);
    }
  }
}

void Compiler::CompileSuppressions(const std::string& field, const v1::Action& source, Action& action) {
  if (source.suppressions_size() > 8) problems_.Add(field, "at most 8");
  for (int i = 0; i < source.suppressions_size(); ++i) {
    const v1::Suppression& each = source.suppressions(i);
    const std::string at = absl::StrCat(field, "[", i, "]");
    Suppression suppression{.outcome = NameIdOf(each.outcome()), .outcome_name = each.outcome()};
    events_.Find(at + ".outcome", each.outcome());
    if (each.times() != 0) suppression.times = each.times();
    CheckRange(at + ".times", suppression.times, 1, 16);
    if (each.has_within() && suppression.times == 1) {
      problems_.Add(at + ".within", "this is for several times; one is enough here");
    } else if (suppression.times > 1) {
      suppression.within = CheckSpan(at + ".within", each.within());
    }
    suppression.lasts = CheckSpan(at + ".lasts", each.lasts());
    playbook_->suppressing_outcomes.insert({action.id, suppression.outcome});
    action.suppressions.push_back(std::move(suppression));
  }
}

void Compiler::CompileNotAfter(const std::string& field, const v1::Action& source, Action& action) {
  if (source.not_after_size() > 64) problems_.Add(field, "at most 64");
  for (int i = 0; i < source.not_after_size(); ++i) {
    const v1::NotAfter& each = source.not_after(i);
    const std::string at = absl::StrCat(field, "[", i, "]");
    NotAfter rule{.name = each.name(), .action = actions_.IndexOf(each.name())};
    if (rule.action == kNone) rule.group = groups_.IndexOf(each.name());
    if (rule.action == kNone && rule.group == kNone) {
      std::vector<std::string> known;
      if (problems_.few()) {
        known = actions_.names();
        known.insert(known.end(), groups_.names().begin(), groups_.names().end());
      }
      problems_.Add(at + ".name", absl::StrCat("no action or group `", each.name(), "` is declared",
                                               expression::DidYouMean(each.name(), known)));
    }
    rule.window = CheckSpan(at + ".window", each.window());
    action.not_after.push_back(std::move(rule));
  }
}

absl::Duration Compiler::CheckSpan(const std::string& field, const google::protobuf::Duration& source) {
  const absl::Duration span = ToDuration(source);
  if (span < absl::Minutes(1) || span > kLongest) problems_.Add(field, "1 minute to 400 days");
  return span;
}

void Compiler::MarkCounted() {
  std::vector<bool> group_counts;
  for (const Group& group : playbook_->groups) group_counts.push_back(!group.limits.empty());
  std::vector<Action>& actions = playbook_->actions;
  for (const Action& action : actions) {
    for (const NotAfter& rule : action.not_after) {
      if (rule.action != kNone) actions[static_cast<size_t>(rule.action)].counted_by_others = true;
      if (rule.group != kNone) group_counts[static_cast<size_t>(rule.group)] = true;
    }
  }
  for (Action& action : actions) {
    if (action.group >= 0 && group_counts[static_cast<size_t>(action.group)]) action.counted_by_others = true;
  }
}

void Compiler::NumberSharedLimits() {
  const auto number = [this](std::vector<Limit>& limits) {
    for (Limit& limit : limits) limit.shared = playbook_->shared_limits++;
  };
  for (Group& group : playbook_->groups) number(group.limits);
  for (Channel& channel : playbook_->channels) number(channel.limits);
  number(playbook_->arbitration.limits);
}

// As the other demands on a fallback, which do not know of these.
void Compiler::CheckFallbacksOfPolicy() {
  for (int i = 0; i < source_.placements_size(); ++i) {
    const std::string& fallback = source_.placements(i).fallback();
    for (const Action& action : playbook_->actions) {
      if (action.name != fallback || (action.suppressions.empty() && action.not_after.empty())) continue;
      problems_.Add(
          absl::StrCat("placements[", i, "].fallback"),
          absl::StrCat("a fallback must always be valid, and `", fallback, "` has suppressions or not_after"));
    }
  }
}

}  // namespace waymark::playbook
