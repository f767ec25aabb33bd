#include "service/engine/change.h"

#include <algorithm>
#include <string>
#include <utility>

#include "segmentation/compact.h"
#include "segmentation/fold.h"
#include "service/decision/contact_policy.h"
#include "service/engine/derive.h"
#include "service/journey/fold.h"

namespace waymark::engine {
namespace {

decision::Reason CheckAllowed(const segmentation::Event& event, const playbook::Playbook& playbook,
                              const segmentation::Profile& profile, std::string* detail) {
  if (!event.shown.has_value()) return decision::Reason::kChosen;
  const auto counted = [&event](const segmentation::Contact& contact) {
    return contact.decision == event.shown->decision && contact.action == event.shown->action;
  };
  const bool seen_before = std::any_of(profile.contacts.begin(), profile.contacts.end(), counted);
  if (event.not_held && !seen_before) {
    *detail = "its unit is not held any more";
    return decision::Reason::kBudget;
  }
  return decision::CheckShown(playbook, profile, *event.shown, !event.only_if_allowed, detail);
}

}  // namespace

segmentation::Profile BeginChange(const store::StoredProfile& stored, absl::Time now) {
  segmentation::Profile profile = stored.profile;
  if (stored.revision == 0) profile.created = now;
  profile.updated = now;
  return profile;
}

bool FoldAll(const std::vector<segmentation::Event>& events, const std::vector<absl::optional<Receipt>>& settled,
             const playbook::Playbook& playbook, absl::Time now, segmentation::Profile& profile,
             std::vector<Receipt>& receipts) {
  receipts.clear();
  bool changed = false;
  for (size_t i = 0; i < events.size(); ++i) {
    const segmentation::Event& event = events[i];
    if (i < settled.size() && settled[i].has_value()) {
      receipts.push_back(*settled[i]);
      continue;
    }
    if (segmentation::IsDuplicate(profile, event)) {
      receipts.push_back({.duplicate = true});
      continue;
    }
    std::string detail;
    const decision::Reason disallowed = CheckAllowed(event, playbook, profile, &detail);
    Receipt receipt;
    const bool withheld = disallowed != decision::Reason::kChosen && event.only_if_allowed;
    if (!withheld) {
      const std::vector<segmentation::JourneyPosition> before = profile.positions;
      journey::FoldEvent(playbook, event, now, profile);
      changed = true;
      receipt = AdoptFolded(before, Derive(playbook, profile, now), playbook, profile);
    }
    receipt.disallowed = disallowed;
    receipt.disallowed_detail = std::move(detail);
    receipt.withheld = withheld;
    receipts.push_back(std::move(receipt));
  }
  if (changed) segmentation::Compact(profile, store::kMaxProfileBytes);
  return changed;
}

}  // namespace waymark::engine
