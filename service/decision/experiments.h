#ifndef WAYMARK_SERVICE_DECISION_EXPERIMENTS_H_
#define WAYMARK_SERVICE_DECISION_EXPERIMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
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

  // What the arms say of an action.
  bool Excludes(const playbook::Action& action, int index, std::string* detail) const;
  double LeverOf(const playbook::Action& action, int index) const;
  // The last arm's that names one; empty: none.
  absl::string_view VariantOf(const playbook::Action& action, int index) const;

 private:
  struct Change {
    const playbook::ArmChange* change;
    InArm arm;
  };

  std::string NameOf(InArm arm) const;

  const playbook::Playbook& playbook_;
  std::vector<InArm> arms_;
  std::vector<Change> changes_;  // of the arms, in order
  const playbook::Arbitration* arbitration_;
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_EXPERIMENTS_H_
