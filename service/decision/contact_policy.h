#ifndef WAYMARK_SERVICE_DECISION_CONTACT_POLICY_H_
#define WAYMARK_SERVICE_DECISION_CONTACT_POLICY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/decision/decision.h"
#include "service/decision/eligibility.h"
#include "service/playbook/calendar.h"
#include "service/playbook/playbook.h"

namespace waymark::decision {

// How often, and when, one customer may be contacted: what the profile's contacts and outcomes leave, less what this
// decision has given so far. Doing nothing (kind NONE) is no contact. Borrows all it is given. Single-threaded.
class ContactPolicy {
 public:
  // `contacts_known` is false where the profile could not be read: then what has limits, suppressions or not_after is
  // refused. Calendars and quiet hours are those of the customer's own zone.
  // What is dated after `until` does not count.
  ContactPolicy(const playbook::Playbook& playbook, const segmentation::Profile& profile, bool contacts_known,
                absl::string_view decision_id, absl::Time now, absl::Time until = absl::InfiniteFuture());

  // kChosen where the action may be given on the channel now; else the first against it of kSuppressed, kNotAfter,
  // kLimitUnknown, kLimit (of the action, its group, the channel, over all) and kQuietHours. Where `detail` is not
  // null, it is told which one. Exact: a rolling window begins right after now - window, a calendar's period is of the
  // customer's own clock, and an impression that is dated ahead of now (by another clock) counts already. A profile
  // that had to drop what a window still covers counts as not known. O(contacts) a limit; those that actions share are
  // counted once.
  Reason Check(int action, int channel, std::string* detail);

  // Whether nothing is sent on the channel now.
  bool IsQuiet(int channel, std::string* detail);

  // What an earlier try of this decision was given in the placement, in its order, where its contacts are held and the
  // playbook still has the actions: a retry is given the same, whatever has changed since. nullopt: there was none, or
  // nothing that it gave counts; so for placements that count impressions, for which deciding counts nothing.
  absl::optional<std::vector<int>> Retained(int placement) const;

  // What follows is for this placement, of which nothing is retained. Contacts that an earlier try of the same decision
  // made for it, and for the placements begun before, do not count: what is given now does.
  void Begin(int placement);

  // The action is given now, on the channel of the placement.
  void Take(int action, int channel);

  // How many were given, and taking back all but the first `size`.
  size_t size() const { return taken_.size(); }
  void Rewind(size_t size) { taken_.resize(size); }

 private:
  Reason CheckSuppressions(const playbook::Action& action, std::string* detail) const;
  Reason CheckNotAfter(const playbook::Action& action, std::string* detail) const;
  Reason CheckLimits(const playbook::Action& action, int channel, std::string* detail);
  // `whose` contacts the limits are about, of which this decision has given `taken`.
  template <typename Matches>
  Reason CheckEach(const std::vector<playbook::Limit>& limits, absl::string_view whose, int64_t taken,
                   std::string* detail, Matches matches);
  // How many of them the limit has seen before this decision; kMayLack where some may be lacking.
  template <typename Matches>
  int64_t UsedOf(const playbook::Limit& limit, Matches matches);
  template <typename Matches>
  int64_t Count(absl::Time since, absl::Time until, Matches matches) const;
  bool WasTaken(const playbook::NotAfter& rule) const;
  const playbook::TimeSpan& PeriodNow(playbook::Period period);

  const playbook::Playbook& playbook_;
  const segmentation::Profile& profile_;
  const bool contacts_known_;
  const std::string decision_id_;
  const absl::Time now_;
  const absl::Time until_;
  const absl::TimeZone zone_;
  std::array<absl::optional<playbook::TimeSpan>, 4> periods_;  // by Period, where it was asked for
  absl::optional<playbook::WallClock> clock_;
  std::vector<int64_t> used_;               // by Limit::shared, where it was counted since the last Begin
  std::vector<uint64_t> own_;               // keys of the placements begun
  std::vector<std::pair<int, int>> taken_;  // action, channel
};

// The zone that the customer's trait names; the playbook's where it names none that is known.
absl::TimeZone ZoneOf(const playbook::Playbook& playbook, const segmentation::Profile& profile);

// What the answer for a placement counts as, of a placement that counts on decision. Nothing where no limit, rule or
// not_after looks at any of it; else all of it but the fallback, so that a retry finds all of it, for a day
// (segmentation::kUncountedFor): what nothing looks at has no channel, and counts nowhere.
std::vector<segmentation::Contact> ContactsOf(const playbook::Playbook& playbook, const PlacementDecision& placement,
                                              absl::string_view decision_id, absl::Time now);

// Whether what is shown is still allowed at the time of its contact: its validity, the customer's consents, the policy.
// Of contacts and outcomes those after that time do not count where it `was_shown`: it comes late, or out of order.
// Where it is about to be shown all count that are known, so that a clock that is behind exceeds no limit.
// What is counted already (its impression came before), and an action that the playbook does not have any more, are
// allowed.
Reason CheckShown(const playbook::Playbook& playbook, const segmentation::Profile& profile,
                  const segmentation::Contact& shown, bool was_shown, std::string* detail);

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_CONTACT_POLICY_H_
