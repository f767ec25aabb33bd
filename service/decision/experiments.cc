#include "service/decision/experiments.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"

namespace waymark::decision {
namespace {

using playbook::Arm;
using playbook::Experiment;
using playbook::kNone;

// The arm whose share the bucket falls into; kNone where it is in none.
int ArmAt(const Experiment& experiment, int bucket) {
  int end = 0;
  for (size_t i = 0; i < experiment.arms.size(); ++i) {
    end += experiment.arms[i].share;
    if (bucket < end) return static_cast<int>(i);
  }
  return kNone;
}

bool Speaks(const playbook::ArmChange& change, const playbook::Action& action, int index) {
  return change.action != kNone ? change.action == index : change.group == action.group;
}

}  // namespace

int BucketOf(absl::string_view experiment, uint64_t unit) {
  return static_cast<int>(segmentation::StableHash(experiment, /*seed=*/unit) % kBuckets);
}

Experiments::Experiments(playbook::Evaluation& evaluation, uint64_t unit)
    : playbook_(evaluation.playbook()), arbitration_(&evaluation.playbook().arbitration) {
  for (size_t i = 0; i < playbook_.experiments.size(); ++i) {
    const Experiment& experiment = playbook_.experiments[i];
    if (evaluation.now() < experiment.valid_from || evaluation.now() >= experiment.valid_until) continue;
    const InArm within{experiment.within_experiment, experiment.within_arm};
    if (within.experiment != kNone && std::find(arms_.begin(), arms_.end(), within) == arms_.end()) continue;
    if (!evaluation.Holds(experiment.when)) continue;
    const int index = ArmAt(experiment, BucketOf(experiment.name, unit));
    if (index == kNone) continue;
    const Arm& arm = experiment.arms[static_cast<size_t>(index)];
    arms_.push_back({static_cast<int>(i), index});
    for (const playbook::ArmChange& change : arm.changes) changes_.push_back({&change, arms_.back()});
    if (arm.arbitration.has_value()) arbitration_ = &*arm.arbitration;
  }
}

std::string Experiments::NameOf(InArm arm) const {
  const Experiment& experiment = playbook_.experiments[static_cast<size_t>(arm.experiment)];
  return absl::StrCat(experiment.name, ".", experiment.arms[static_cast<size_t>(arm.arm)].name);
}

bool Experiments::IsHeldOut(std::string* detail) const {
  for (const InArm arm : arms_) {
    const Experiment& experiment = playbook_.experiments[static_cast<size_t>(arm.experiment)];
    if (!experiment.arms[static_cast<size_t>(arm.arm)].hold_out) continue;
    if (detail != nullptr) *detail = NameOf(arm);
    return true;
  }
  return false;
}

bool Experiments::Excludes(const playbook::Action& action, int index, std::string* detail) const {
  for (const Change& change : changes_) {
    if (!change.change->exclude || !Speaks(*change.change, action, index)) continue;
    if (detail != nullptr) *detail = NameOf(change.arm);
    return true;
  }
  return false;
}

double Experiments::LeverOf(const playbook::Action& action, int index) const {
  double lever = 1;
  for (const Change& change : changes_) {
    if (Speaks(*change.change, action, index)) lever *= change.change->lever;
  }
  return lever;
}

absl::string_view Experiments::VariantOf(const playbook::Action& action, int index) const {
  absl::string_view variant;
  for (const Change& change : changes_) {
    if (!change.change->variant.empty() && Speaks(*change.change, action, index)) variant = change.change->variant;
  }
  return variant;
}

}  // namespace waymark::decision
