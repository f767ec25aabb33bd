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

}  // namespace

int BucketOf(absl::string_view experiment, uint64_t unit) {
  return static_cast<int>(segmentation::StableHash(experiment, /*seed=*/unit) % kBuckets);
}

Experiments::Experiments(playbook::Evaluation& evaluation, uint64_t unit)
    : playbook_(evaluation.playbook()), arbitration_(&evaluation.playbook().arbitration) {
  size_t place = 0;
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
    if (arm.hold_out && !held_out_by_.has_value()) held_out_by_ = arms_.back();
    for (const playbook::ArmChange& change : arm.changes) {
      Changes& changes = change.action != kNone ? by_action_[change.action] : by_group_[change.group];
      if (change.exclude && !changes.excluded_by.has_value()) changes.excluded_by = arms_.back();
      changes.lever *= change.lever;
      if (!change.variant.empty()) changes.variants.emplace_back(place, change.variant);
      ++place;
    }
    if (arm.arbitration.has_value()) arbitration_ = &*arm.arbitration;
  }
}

std::string Experiments::NameOf(InArm arm) const {
  const Experiment& experiment = playbook_.experiments[static_cast<size_t>(arm.experiment)];
  return absl::StrCat(experiment.name, ".", experiment.arms[static_cast<size_t>(arm.arm)].name);
}

bool Experiments::IsHeldOut(std::string* detail) const {
  if (held_out_by_.has_value() && detail != nullptr) *detail = NameOf(*held_out_by_);
  return held_out_by_.has_value();
}

const Experiments::Changes* Experiments::ChangesOf(const absl::flat_hash_map<int, Changes>& changes, int index) const {
  if (changes.empty()) return nullptr;  // most often
  const auto found = changes.find(index);
  return found == changes.end() ? nullptr : &found->second;
}

bool Experiments::Excludes(const playbook::Action& action, int index, std::string* detail) const {
  for (const Changes* changes : {ChangesOf(by_action_, index), ChangesOf(by_group_, action.group)}) {
    if (changes == nullptr || !changes->excluded_by.has_value()) continue;
    if (detail != nullptr) *detail = NameOf(*changes->excluded_by);
    return true;
  }
  return false;
}

double Experiments::LeverOf(const playbook::Action& action, int index) const {
  double lever = 1;
  for (const Changes* changes : {ChangesOf(by_action_, index), ChangesOf(by_group_, action.group)}) {
    if (changes != nullptr) lever *= changes->lever;
  }
  return lever;
}

absl::string_view Experiments::VariantOf(const playbook::Action& action, int index) const {
  std::pair<size_t, absl::string_view> last;
  for (const Changes* changes : {ChangesOf(by_action_, index), ChangesOf(by_group_, action.group)}) {
    if (changes == nullptr) continue;
    for (const auto& variant : changes->variants) {
      if (variant.first >= last.first && HasVariant(action, variant.second)) last = variant;
    }
  }
  return last.second;
}

}  // namespace waymark::decision
