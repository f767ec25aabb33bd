#include "service/engine/change.h"

#include "segmentation/compact.h"
#include "segmentation/fold.h"
#include "service/engine/derive.h"

namespace waymark::engine {

segmentation::Profile BeginChange(const store::StoredProfile& stored, absl::Time now) {
  segmentation::Profile profile = stored.profile;
  if (stored.revision == 0) profile.created = now;
  profile.updated = now;
  return profile;
}

bool FoldAll(const std::vector<segmentation::Event>& events, const playbook::Playbook& playbook, absl::Time now,
             segmentation::Profile& profile, std::vector<Receipt>& receipts) {
  receipts.clear();
  bool changed = false;
  for (const segmentation::Event& event : events) {
    if (!segmentation::Fold(profile, event, now)) {
      receipts.push_back({.duplicate = true});
      continue;
    }
    changed = true;
    receipts.push_back(Adopt(Derive(playbook, profile, now), playbook, profile));
  }
  if (changed) segmentation::Compact(profile, store::kMaxProfileBytes);
  return changed;
}

}  // namespace waymark::engine
