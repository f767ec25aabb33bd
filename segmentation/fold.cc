#include "segmentation/fold.h"

#include <algorithm>

#include "segmentation/affinity.h"

namespace waymark::segmentation {
namespace {

constexpr uint64_t kFingerprintMask = (uint64_t{1} << 48) - 1;

int32_t DayOf(absl::Time time) { return static_cast<int32_t>((time - absl::UnixEpoch()) / absl::Hours(24)); }

// Drops the oldest of `entries` beyond `kept`; says how many.
template <typename T>
size_t KeepNewest(std::vector<T>& entries, size_t kept) {
  if (entries.size() <= kept) return 0;
  const size_t dropped = entries.size() - kept;
  entries.erase(entries.begin(), entries.begin() + dropped);
  return dropped;
}

// Ids received before this day are not needed any more: a day more than promised, because days are all that is
// remembered of the time.
int32_t OldestSeenDay(absl::Time now) { return DayOf(now - kSeenFor) - 1; }

bool WasSeen(const Profile& profile, uint64_t fingerprint) {
  return std::any_of(profile.seen.begin(), profile.seen.end(),
                     [fingerprint](const SeenEvent& seen) { return seen.fingerprint == fingerprint; });
}

// Beside the others in the order of time, after those of the same; keeps the newest `kept`. Says how many it dropped.
template <typename T>
size_t InsertByTime(std::vector<T>& entries, const T& entry, size_t kept) {
  auto newer = std::upper_bound(entries.begin(), entries.end(), entry.at,
                                [](absl::Time at, const T& known) { return at < known.at; });
  entries.insert(newer, entry);
  return KeepNewest(entries, kept);
}

void AddScore(Profile& profile, NameId type, absl::Time at, int64_t value_micros) {
  auto it = std::lower_bound(profile.scores.begin(), profile.scores.end(), type,
                             [](const Score& score, NameId sought) { return score.type < sought; });
  if (it == profile.scores.end() || it->type != type) it = profile.scores.insert(it, {type, absl::InfinitePast(), 0});
  if (it->at <= at) *it = {type, at, value_micros};
}

void AddName(Trail& trail, const Event& event) {
  auto it = std::lower_bound(trail.names.begin(), trail.names.end(), event.touchpoint,
                             [](const Trail::Name& name, NameId sought) { return name.touchpoint < sought; });
  if (it != trail.names.end() && it->touchpoint == event.touchpoint) return;
  if (trail.names.size() < Trail::kMaxNames) trail.names.insert(it, {event.touchpoint, event.touchpoint_name});
}

void AddTouch(Profile& profile, const Event& event) {
  Trail& trail = profile.trail;
  if (event.time <= trail.from) return;
  if (!event.touchpoint_name.empty()) AddName(trail, event);
  InsertByTime(trail.touches,
               {event.time, event.type, event.touchpoint, event.value_micros, event.action, event.sentiment},
               Trail::kMaxTouches + 1);
  if (!event.text.empty()) {
    InsertByTime(trail.comments, {event.time, event.type, event.text}, Trail::kMaxComments);
  }
  // Last: it may be this one that goes.
  if (trail.touches.size() > Trail::kMaxTouches) ForgetTouches(profile, 1);
}

void ForgetContacts(Profile& profile, absl::Time now) {
  std::erase_if(profile.contacts, [now](const Contact& contact) {
    return contact.at <= now - (contact.channel == NameId{} ? kUncountedFor : kContactsFor);
  });
}

}  // namespace

void ForgetTouches(Profile& profile, size_t count) {
  Trail& trail = profile.trail;
  count = std::min(count, trail.touches.size());
  if (count == 0) return;
  trail.from = std::max(trail.from, trail.touches[count - 1].at);
  // All of one moment go together, so that what is after `from` is whole.
  while (count < trail.touches.size() && trail.touches[count].at == trail.from) ++count;
  trail.touches.erase(trail.touches.begin(), trail.touches.begin() + static_cast<std::ptrdiff_t>(count));
  std::erase_if(trail.comments, [&trail](const Trail::Comment& comment) { return comment.at <= trail.from; });
  std::erase_if(trail.names, [&trail](const Trail::Name& name) {
    return std::none_of(trail.touches.begin(), trail.touches.end(),
                        [&name](const Touch& touch) { return touch.touchpoint == name.touchpoint; });
  });
}

bool IsDuplicate(const Profile& profile, const Event& event) {
  return WasSeen(profile, StableHash(event.id) & kFingerprintMask);
}

bool Fold(Profile& profile, const Event& event, absl::Time now) {
  const uint64_t fingerprint = StableHash(event.id) & kFingerprintMask;
  if (WasSeen(profile, fingerprint)) return false;
  profile.seen.push_back({fingerprint, DayOf(now)});
  profile.ledger.Add(event.type, event.time, event.value_micros);
  for (NameId series : event.labelled) profile.ledger.Add(series, event.time, event.value_micros);
  for (NameId name : event.affinities) AddAffinity(profile, name, event.time);
  AddTouch(profile, event);
  if (event.is_score) AddScore(profile, event.type, event.time, event.value_micros);
  if (event.sentiment.has_value()) AddScore(profile, kSentiment, event.time, *event.sentiment * int64_t{10'000});
  if (event.counted) AddContact(profile, *event.shown, now);
  if (event.outcome_of.has_value()) {
    profile.compacted +=
        InsertByTime(profile.outcomes, {*event.outcome_of, event.type, event.time}, Profile::kMaxOutcomes);
  }
  ForgetExpired(profile, now);
  profile.compacted += KeepNewest(profile.seen, Profile::kMaxSeenEvents);
  return true;
}

void ForgetExpired(Profile& profile, absl::Time now) {
  const int32_t oldest = OldestSeenDay(now);
  std::erase_if(profile.seen, [oldest](const SeenEvent& seen) { return seen.received_day < oldest; });
  ForgetContacts(profile, now);
  std::erase_if(profile.outcomes, [now](const Outcome& outcome) { return outcome.at <= now - kOutcomesFor; });
  profile.ledger.ForgetHours(now);
}

bool HasExpired(const Profile& profile, absl::Time now) {
  if (!profile.seen.empty() && profile.seen.front().received_day < OldestSeenDay(now)) return true;
  if (!profile.outcomes.empty() && profile.outcomes.front().at <= now - kOutcomesFor) return true;
  if (!profile.contacts.empty() && profile.contacts.front().at <= now - kContactsFor) return true;
  return std::any_of(profile.contacts.begin(), profile.contacts.end(), [now](const Contact& contact) {
    return contact.channel == NameId{} && contact.at <= now - kUncountedFor;
  });
}

void AddContact(Profile& profile, const Contact& contact, absl::Time now) {
  for (const Contact& known : profile.contacts) {
    if (known.decision == contact.decision && known.action == contact.action && known.channel == contact.channel)
      return;
  }
  ForgetContacts(profile, now);
  if (profile.contacts.size() < Profile::kMaxContacts) {
    InsertByTime(profile.contacts, contact, Profile::kMaxContacts);
    return;
  }
  // What counts nowhere gives way first: it tells a retry what it was given, the others hold limits.
  const auto uncounted = std::find_if(profile.contacts.begin(), profile.contacts.end(),
                                      [](const Contact& known) { return known.channel == NameId{}; });
  if (uncounted == profile.contacts.end() && contact.channel == NameId{}) return;
  if (uncounted != profile.contacts.end()) profile.contacts.erase(uncounted);
  profile.compacted += InsertByTime(profile.contacts, contact, Profile::kMaxContacts);
}

}  // namespace waymark::segmentation
