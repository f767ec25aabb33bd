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

// Returns whether the id was new; remembers it.
bool Remember(Profile& profile, const std::string& id, absl::Time now) {
  const uint64_t fingerprint = StableHash(id) & kFingerprintMask;
  for (const SeenEvent& seen : profile.seen) {
    if (seen.fingerprint == fingerprint) return false;
  }
  // A day longer than promised, because days are all that is remembered of the time.
  const int32_t oldest = DayOf(now - kSeenFor) - 1;
  std::erase_if(profile.seen, [oldest](const SeenEvent& seen) { return seen.received_day < oldest; });
  profile.seen.push_back({fingerprint, DayOf(now)});
  profile.compacted += KeepNewest(profile.seen, Profile::kMaxSeenEvents);
  return true;
}

}  // namespace

bool Fold(Profile& profile, const Event& event, absl::Time now) {
  if (!Remember(profile, event.id, now)) return false;
  profile.ledger.Add(event.type, event.time, event.value_micros);
  for (NameId series : event.labelled) profile.ledger.Add(series, event.time, event.value_micros);
  for (NameId name : event.affinities) AddAffinity(profile, name, event.time);
  if (event.exposure.has_value()) AddContact(profile, *event.exposure, now);
  return true;
}

void AddContact(Profile& profile, const Contact& contact, absl::Time now) {
  for (const Contact& known : profile.contacts) {
    if (known.decision == contact.decision && known.action == contact.action && known.channel == contact.channel)
      return;
  }
  std::erase_if(profile.contacts, [&](const Contact& known) { return known.at <= now - kContactsFor; });
  auto newer = std::upper_bound(profile.contacts.begin(), profile.contacts.end(), contact.at,
                                [](absl::Time at, const Contact& known) { return at < known.at; });
  profile.contacts.insert(newer, contact);
  profile.compacted += KeepNewest(profile.contacts, Profile::kMaxContacts);
}

}  // namespace waymark::segmentation
