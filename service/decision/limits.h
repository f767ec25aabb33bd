#ifndef WAYMARK_SERVICE_DECISION_LIMITS_H_
#define WAYMARK_SERVICE_DECISION_LIMITS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "segmentation/profile.h"
#include "service/decision/decision.h"
#include "service/playbook/playbook.h"

namespace waymark::decision {

// The limits of one customer during one decision: what the profile's contacts leave, less what this decision has given
// so far. Borrows all it is given. Single-threaded.
class Limits {
 public:
  Limits(const playbook::Playbook& playbook, const segmentation::Profile& profile, const Request& request,
         absl::Time now);

  // kChosen where the action may still be given on the channel; otherwise kLimit or kLimitUnknown. Where `detail` is
  // not null, it is told which limit. Exact: windows begin right after now - window, and an
  // impression that is dated ahead of now counts already. A profile that had to drop contacts which
  // a window still covers counts as not known.
  Reason Check(int action, int channel, std::string* detail) const;

  // What follows is for this placement. Contacts that an earlier try of the same decision made for it, and for the
  // placements begun before, do not count: what is given now does.
  void Begin(int placement);

  // The action is given now, on the channel of the placement.
  void Take(int action, int channel);

  // How many were given, and taking back all but the first `size`.
  size_t size() const { return taken_.size(); }
  void Rewind(size_t size) { taken_.resize(size); }

 private:
  Reason CheckEach(const std::vector<playbook::Limit>& limits, absl::string_view whose, int taken, std::string* detail,
                   bool (*matches)(const segmentation::Contact&, segmentation::NameId), segmentation::NameId id) const;

  const playbook::Playbook& playbook_;
  const segmentation::Profile& profile_;
  const bool contacts_known_;
  const std::string decision_id_;
  const absl::Time now_;
  std::vector<uint64_t> own_;               // keys of the placements begun
  std::vector<std::pair<int, int>> taken_;  // action, channel
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_LIMITS_H_
