#ifndef WAYMARK_SERVICE_ENGINE_DERIVE_H_
#define WAYMARK_SERVICE_ENGINE_DERIVE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "segmentation/expression/rule_set.h"
#include "segmentation/profile.h"
#include "service/engine/requests.h"
#include "service/playbook/evaluation.h"
#include "service/playbook/playbook.h"

namespace waymark::engine {

// What a playbook says of a profile at one moment. Pure.
struct Derivation {
  absl::Time at;                                         // the moment
  std::vector<segmentation::JourneyPosition> positions;  // ascending by journey
  std::vector<segmentation::NameId> segments;            // ascending
};

// Resolves the stages alone. Leaves the evaluation ready for rules about the stage; the positions must outlive what is
// evaluated then.
std::vector<segmentation::JourneyPosition> ResolveStages(playbook::Evaluation& evaluation);

// Resolves the stages, then evaluates every segment. The same holds for the derivation.
Derivation Derive(playbook::Evaluation& evaluation);
Derivation Derive(const playbook::Playbook& playbook, const segmentation::Profile& profile, absl::Time now);

// Derives one profile after the other, all at one moment, in the same memory. Single-threaded.
class Deriver {
 public:
  // Borrows the playbook.
  Deriver(const playbook::Playbook& playbook, absl::Time now);

  // As Derive gives it. Valid until the next call.
  const Derivation& Derive(const segmentation::Profile& profile);
  // Whether the profile of the last call is in each segment of the playbook, by index: 1 or 0.
  absl::Span<const int8_t> in_segment() const { return in_segment_; }

 private:
  const segmentation::Profile nobody_;
  const segmentation::Context no_context_;
  playbook::Evaluation evaluation_;
  const expression::RuleSet enter_;                             // the segments' rules
  std::vector<std::pair<segmentation::NameId, int>> segments_;  // ascending, with the index
  Derivation derivation_;
  absl::Span<const int8_t> in_segment_;  // the evaluation's
};

// Puts the derivation into the profile, stamped with the playbook's version, and says what changed. Positions on
// journeys that the playbook does not have are dropped, and so are texts that it does not keep (any more).
Receipt Adopt(Derivation derivation, const playbook::Playbook& playbook, segmentation::Profile& profile);

// The same for a profile into which an event was folded, and with it its positions, which stay as they are: as of the
// event. `before`: the positions without it.
Receipt AdoptFolded(const std::vector<segmentation::JourneyPosition>& before, Derivation derivation,
                    const playbook::Playbook& playbook, segmentation::Profile& profile);

// Whether adopting would change anything but the stamps.
bool Differs(const Derivation& derivation, const playbook::Playbook& playbook, const segmentation::Profile& profile);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_DERIVE_H_
