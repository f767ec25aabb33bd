#include "service/decision/contact_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace waymark::decision {
namespace {

using playbook::Action;
using playbook::kNone;
using playbook::Period;
using segmentation::Contact;
using segmentation::NameId;

// Instead of a number of contacts.
constexpr int64_t kMayLack = -1;
constexpr int64_t kNotCounted = -2;

absl::string_view Each(Period period) {
  switch (period) {
    case Period::kDay:
      return "a day";
    case Period::kWeek:
      return "a week";
    case Period::kMonth:
      return "a month";
    case Period::kNone:
      break;
  }
  return "";
}

// In days where it is whole days.
std::string SpanText(absl::Duration span) {
  constexpr absl::Duration kDay = absl::Hours(24);
  if (span > kDay && span % kDay == absl::ZeroDuration()) return absl::StrCat(span / kDay, " days");
  return absl::FormatDuration(span);
}

bool IsOfGroup(const playbook::Group& group, NameId action) {
  return std::binary_search(group.members.begin(), group.members.end(), action);
}

Reason Unknown(absl::string_view what, std::string* detail) {
  if (detail != nullptr) *detail = absl::StrCat("the customer's ", what, " are not all known");
  return Reason::kLimitUnknown;
}

bool SameContact(const Contact& a, const Contact& b) {
  return a.decision == b.decision && a.action == b.action && a.channel == b.channel;
}

}  // namespace

absl::TimeZone ZoneOf(const playbook::Playbook& playbook, const segmentation::Profile& profile) {
  if (!playbook.time_zone_trait.has_value()) return playbook.time_zone;
  const segmentation::Trait* trait = segmentation::FindTrait(profile, *playbook.time_zone_trait);
  const std::string* name = trait == nullptr ? nullptr : absl::get_if<std::string>(&trait->value);
  if (name == nullptr) return playbook.time_zone;
  const auto zone = playbook.time_zones->find(*name);
  return zone == playbook.time_zones->end() ? playbook.time_zone : zone->second;
}

ContactPolicy::ContactPolicy(const playbook::Playbook& playbook, const segmentation::Profile& profile,
                             bool contacts_known, absl::string_view decision_id, absl::Time now, absl::Time until)
    : playbook_(playbook),
      profile_(profile),
      contacts_known_(contacts_known),
      decision_id_(decision_id),
      now_(now),
      until_(until),
      zone_(ZoneOf(playbook, profile)) {}

Reason ContactPolicy::Check(int index, int channel, std::string* detail) {
  const Action& action = playbook_.actions[index];
  if (action.kind == playbook::ActionKind::kNone) return Reason::kChosen;
  Reason reason = CheckSuppressions(action, detail);
  if (reason == Reason::kChosen) reason = CheckNotAfter(action, detail);
  if (reason == Reason::kChosen) reason = CheckLimits(action, channel, detail);
  if (reason != Reason::kChosen) return reason;
  return IsQuiet(channel, detail) ? Reason::kQuietHours : Reason::kChosen;
}

Reason ContactPolicy::CheckSuppressions(const Action& action, std::string* detail) const {
  for (const playbook::Suppression& suppression : action.suppressions) {
    if (!contacts_known_) return Unknown("outcomes", detail);
    // The newest `times` of each moment lie within `within` of each other or not.
    std::vector<absl::Time> newer;  // the newest first
    for (auto it = profile_.outcomes.rbegin(); it != profile_.outcomes.rend(); ++it) {
      if (it->action != action.id || it->type != suppression.outcome || it->at > until_) continue;
      newer.push_back(it->at);
      if (newer.size() < static_cast<size_t>(suppression.times)) continue;
      const absl::Time last = newer[newer.size() - static_cast<size_t>(suppression.times)];
      if (now_ >= last + suppression.lasts) break;
      if (last - it->at >= suppression.within) continue;
      if (detail != nullptr) {
        *detail =
            absl::StrCat(suppression.outcome_name, " ", suppression.times, suppression.times == 1 ? " time" : " times");
        if (suppression.times > 1) absl::StrAppend(detail, " in ", SpanText(suppression.within));
        absl::StrAppend(detail, ": not for ", SpanText(suppression.lasts));
      }
      return Reason::kSuppressed;
    }
    const absl::Duration before = suppression.times > 1 ? suppression.within : absl::ZeroDuration();
    if (segmentation::MayLackOutcomes(profile_, now_ - suppression.lasts - before)) return Unknown("outcomes", detail);
  }
  return Reason::kChosen;
}

bool ContactPolicy::WasTaken(const playbook::NotAfter& rule) const {
  return std::any_of(taken_.begin(), taken_.end(), [&](const auto& taken) {
    return rule.action != kNone ? taken.first == rule.action : playbook_.actions[taken.first].group == rule.group;
  });
}

Reason ContactPolicy::CheckNotAfter(const Action& action, std::string* detail) const {
  for (const playbook::NotAfter& rule : action.not_after) {
    const absl::Time since = now_ - rule.window;
    if (!contacts_known_) return Unknown("contacts", detail);
    const int64_t found = Count(since, until_, [&](const Contact& contact) {
      return rule.action != kNone ? contact.action == playbook_.actions[rule.action].id
                                  : IsOfGroup(playbook_.groups[rule.group], contact.action);
    });
    if (found > 0 || WasTaken(rule)) {
      if (detail != nullptr) *detail = absl::StrCat("not within ", SpanText(rule.window), " after ", rule.name);
      return Reason::kNotAfter;
    }
    if (segmentation::MayLackContacts(profile_, since)) return Unknown("contacts", detail);
  }
  return Reason::kChosen;
}

Reason ContactPolicy::CheckLimits(const Action& action, int channel, std::string* detail) {
  // No two contacts of one action are given in one decision.
  Reason reason = CheckEach(action.limits, "the action", 0, detail,
                            [&action](const Contact& contact) { return contact.action == action.id; });
  if (reason == Reason::kChosen && action.group != kNone) {
    const playbook::Group& group = playbook_.groups[action.group];
    const auto taken = std::count_if(taken_.begin(), taken_.end(), [&](const auto& each) {
      return playbook_.actions[each.first].group == action.group;
    });
    reason = CheckEach(group.limits, "the group", taken, detail,
                       [&group](const Contact& contact) { return IsOfGroup(group, contact.action); });
  }
  if (reason == Reason::kChosen && channel != kNone) {
    const playbook::Channel& through = playbook_.channels[channel];
    const auto taken =
        std::count_if(taken_.begin(), taken_.end(), [channel](const auto& each) { return each.second == channel; });
    reason = CheckEach(through.limits, "the channel", taken, detail,
                       [&through](const Contact& contact) { return contact.channel == through.id; });
  }
  if (reason != Reason::kChosen) return reason;
  return CheckEach(playbook_.arbitration.limits, "all actions", static_cast<int64_t>(taken_.size()), detail,
                   [](const Contact&) { return true; });
}

template <typename Matches>
int64_t ContactPolicy::Count(absl::Time since, absl::Time until, Matches matches) const {
  return segmentation::CountContacts(profile_, since, until, [&](const Contact& contact) {
    return matches(contact) && std::find(own_.begin(), own_.end(), contact.decision) == own_.end();
  });
}

template <typename Matches>
int64_t ContactPolicy::UsedOf(const playbook::Limit& limit, Matches matches) {
  const auto shared = static_cast<size_t>(limit.shared);
  if (limit.shared != kNone && shared < used_.size() && used_[shared] != kNotCounted) return used_[shared];
  absl::Time since = now_ - limit.window;
  absl::Time until = until_;
  if (limit.period != Period::kNone) {
    const playbook::TimeSpan& period = PeriodNow(limit.period);
    since = period.begin - absl::Nanoseconds(1);
    until = std::min(until_, period.end - absl::Nanoseconds(1));
  }
  const int64_t used =
      !contacts_known_ || segmentation::MayLackContacts(profile_, since) ? kMayLack : Count(since, until, matches);
  if (limit.shared == kNone) return used;
  if (used_.empty()) used_.assign(static_cast<size_t>(playbook_.shared_limits), kNotCounted);
  return used_[shared] = used;
}

template <typename Matches>
Reason ContactPolicy::CheckEach(const std::vector<playbook::Limit>& limits, absl::string_view whose, int64_t taken,
                                std::string* detail, Matches matches) {
  for (const playbook::Limit& limit : limits) {
    const int64_t used = UsedOf(limit, matches);
    if (used == kMayLack) return Unknown("contacts", detail);
    if (used + taken < limit.max) continue;
    if (detail != nullptr) {
      *detail = limit.period == Period::kNone
                    ? absl::StrCat(whose, ": ", limit.max, " in ", absl::FormatDuration(limit.window))
                    : absl::StrCat(whose, ": ", limit.max, " ", Each(limit.period));
    }
    return Reason::kLimit;
  }
  return Reason::kChosen;
}

const playbook::TimeSpan& ContactPolicy::PeriodNow(Period period) {
  absl::optional<playbook::TimeSpan>& known = periods_[static_cast<size_t>(period)];
  if (!known.has_value()) known = playbook::PeriodAround(now_, period, zone_);
  return *known;
}

bool ContactPolicy::IsQuiet(int channel, std::string* detail) {
  if (channel == kNone || playbook_.channels[channel].quiet_hours.empty()) return false;
  if (!clock_.has_value()) clock_ = playbook::WallClockAt(now_, zone_);
  for (const playbook::QuietHours& hours : playbook_.channels[channel].quiet_hours) {
    if (!playbook::IsQuiet(hours, *clock_)) continue;
    if (detail != nullptr) {
      *detail = absl::StrFormat("quiet from %02d:%02d to %02d:%02d", hours.from / 60, hours.from % 60, hours.until / 60,
                                hours.until % 60);
    }
    return true;
  }
  return false;
}

absl::optional<std::vector<int>> ContactPolicy::Retained(int placement) const {
  if (!playbook_.placements[placement].count_on_decision) return absl::nullopt;
  const uint64_t key = ContactKey(decision_id_, playbook_.placements[placement].id);
  absl::optional<std::vector<int>> actions;
  for (const Contact& contact : profile_.contacts) {
    if (contact.decision != key) continue;
    if (!actions.has_value()) actions.emplace();
    const auto known = playbook_.action_by_id.find(contact.action);
    if (known != playbook_.action_by_id.end()) actions->push_back(known->second);
  }
  return actions;
}

void ContactPolicy::Begin(int placement) {
  own_.push_back(ContactKey(decision_id_, playbook_.placements[placement].id));
  used_.clear();
}

void ContactPolicy::Take(int action, int channel) {
  if (playbook_.actions[action].kind != playbook::ActionKind::kNone) taken_.push_back({action, channel});
}

std::vector<Contact> ContactsOf(const playbook::Playbook& playbook, const PlacementDecision& decided,
                                absl::string_view decision_id, absl::Time now) {
  const playbook::Placement& placement = playbook.placements[decided.placement];
  const bool counted = std::any_of(decided.chosen.begin(), decided.chosen.end(), [&](const Chosen& chosen) {
    return !chosen.fallback && playbook.CountsContacts(chosen.action, placement.channel);
  });
  std::vector<Contact> contacts;
  if (!counted || !placement.count_on_decision) return contacts;
  for (const Chosen& chosen : decided.chosen) {
    if (chosen.fallback) continue;
    const Action& action = playbook.actions[chosen.action];
    const bool counts = playbook.CountsContacts(chosen.action, placement.channel);
    contacts.push_back({.action = action.id,
                        .channel = counts ? playbook.channels[placement.channel].id : NameId{},
                        .at = now,
                        .decision = ContactKey(decision_id, placement.id)});
  }
  return contacts;
}

Reason CheckShown(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Contact& shown,
                  bool was_shown, std::string* detail) {
  const auto action = playbook.action_by_id.find(shown.action);
  const bool counted = std::any_of(profile.contacts.begin(), profile.contacts.end(),
                                   [&shown](const Contact& contact) { return SameContact(contact, shown); });
  if (counted || action == playbook.action_by_id.end()) return Reason::kChosen;
  const auto channel = std::find_if(playbook.channels.begin(), playbook.channels.end(),
                                    [&shown](const playbook::Channel& each) { return each.id == shown.channel; });
  const int index = channel == playbook.channels.end() ? kNone : static_cast<int>(channel - playbook.channels.begin());
  const Action& is = playbook.actions[static_cast<size_t>(action->second)];
  if (shown.at < is.valid_from || shown.at >= is.valid_until) return Reason::kValidity;
  const Reason consent = CheckConsent(playbook, profile, is, index, detail);
  if (consent != Reason::kChosen) return consent;
  const absl::Time until = was_shown ? shown.at : absl::InfiniteFuture();
  return ContactPolicy(playbook, profile, true, "", shown.at, until).Check(action->second, index, detail);
}

}  // namespace waymark::decision
