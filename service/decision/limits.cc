#include "service/decision/limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"

namespace waymark::decision {
namespace {

using segmentation::Contact;
using segmentation::NameId;

bool IsAction(const Contact& contact, NameId id) { return contact.action == id; }
bool IsChannel(const Contact& contact, NameId id) { return contact.channel == id; }
bool IsAny(const Contact&, NameId) { return true; }

}  // namespace

Limits::Limits(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Request& request,
               absl::Time now)
    : playbook_(playbook),
      profile_(profile),
      contacts_known_(request.contacts_known),
      decision_id_(request.decision_id),
      now_(now) {}

Reason Limits::Check(int action, int channel, std::string* detail) const {
  const playbook::Action& limited = playbook_.actions[action];
  if (limited.kind == playbook::ActionKind::kNone) return Reason::kChosen;  // doing nothing is no contact
  const auto taken_on_channel =
      std::count_if(taken_.begin(), taken_.end(), [channel](const auto& taken) { return taken.second == channel; });
  Reason reason = CheckEach(limited.limits, "the action", 0, detail, IsAction, limited.id);
  if (reason == Reason::kChosen && channel != playbook::kNone) {
    const playbook::Channel& through = playbook_.channels[channel];
    reason =
        CheckEach(through.limits, "the channel", static_cast<int>(taken_on_channel), detail, IsChannel, through.id);
  }
  if (reason != Reason::kChosen) return reason;
  return CheckEach(playbook_.arbitration.limits, "all actions", static_cast<int>(taken_.size()), detail, IsAny,
                   NameId{});
}

Reason Limits::CheckEach(const std::vector<playbook::Limit>& limits, absl::string_view whose, int taken,
                         std::string* detail, bool (*matches)(const Contact&, NameId), NameId id) const {
  for (const playbook::Limit& limit : limits) {
    const absl::Time since = now_ - limit.window;
    if (!contacts_known_ || segmentation::MayLackContacts(profile_, since)) {
      if (detail != nullptr) *detail = "the customer's contacts are not all known";
      return Reason::kLimitUnknown;
    }
    const int64_t used = segmentation::CountContacts(profile_, since, [&](const Contact& contact) {
      return matches(contact, id) && std::find(own_.begin(), own_.end(), contact.decision) == own_.end();
    });
    if (used + taken >= limit.max) {
      if (detail != nullptr) *detail = absl::StrCat(whose, ": ", limit.max, " in ", absl::FormatDuration(limit.window));
      return Reason::kLimit;
    }
  }
  return Reason::kChosen;
}

void Limits::Begin(int placement) { own_.push_back(ContactKey(decision_id_, playbook_.placements[placement].id)); }

void Limits::Take(int action, int channel) {
  if (playbook_.actions[action].kind != playbook::ActionKind::kNone) taken_.push_back({action, channel});
}

}  // namespace waymark::decision
