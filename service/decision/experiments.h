#ifndef WAYMARK_SERVICE_DECISION_EXPERIMENTS_H_
#define WAYMARK_SERVICE_DECISION_EXPERIMENTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/decision/decision.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {

inline constexpr int kBuckets = 10'000;

// The bucket, 0 to 9,999, of a unit (see Request) in an experiment. Pinned: the same for ever, and independent between
// experiments.
int BucketOf(absl::string_view experiment, uint64_t unit);

// What experiments change in one decision. Borrows the playbook. Immutable.
class Experiments {
 public:
  // Finds the arms that the unit is in. Where rules mention the stage, it must be resolved.
  Experiments(playbook::Evaluation& evaluation, uint64_t unit);

  // In the order of the playbook.
  const std::vector<InArm>& arms() const { return arms_; }
  // Whether nothing but fallbacks is given; then, where `detail` is not null, it is told which arm says so.
  bool IsHeldOut(std::string* detail) const;
  // The last arm's that has one, otherwise the playbook's.
  const playbook::Arbitration& arbitration() const { return *arbitration_; }

  // What the arms say of an action. O(1) but for variants, of which it looks for the last that the action has.
  bool Excludes(const playbook::Action& action, int index, std::string* detail) const;
  double LeverOf(const playbook::Action& action, int index) const;
  // Empty: none.
  absl::string_view VariantOf(const playbook::Action& action, int index) const;

 private:
  // What the arms change for an action or a group, all together.
  struct Changes {
    absl::optional<InArm> excluded_by;  // the first
    double lever = 1;
    std::vector<std::pair<size_t, absl::string_view>> variants;  // with the place of the change among all
  };

  const Changes* ChangesOf(const absl::flat_hash_map<int, Changes>& changes, int index) const;
  std::string NameOf(InArm arm) const;

  const playbook::Playbook& playbook_;
  std::vector<InArm> arms_;
  absl::optional<InArm> held_out_by_;
  absl::flat_hash_map<int, Changes> by_action_;
  absl::flat_hash_map<int, Changes> by_group_;
  const playbook::Arbitration* arbitration_;
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_EXPERIMENTS_H_
