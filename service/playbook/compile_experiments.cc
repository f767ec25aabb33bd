#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

constexpr int kBuckets = 10'000;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

void Compiler::CompileExperiments() {
  for (int i = 0; i < source_.experiments_size(); ++i) {
    const std::string field = absl::StrCat("experiments[", i, "]");
    Experiment experiment = CompileExperiment(field, source_.experiments(i));
    experiments_.Add(field + ".name", source_.experiments(i).name());
    playbook_->experiments.push_back(std::move(experiment));
  }
}

Experiment Compiler::CompileExperiment(const std::string& field, const v1::Experiment& source) {
  Experiment experiment{.name = source.name()};
  experiment.when = rules_->Condition(field + ".when", source.when());
  CompileWithin(field + ".within", source, experiment);
  if (source.arms_size() < 1 || source.arms_size() > 16) problems_.Add(field + ".arms", "1 to 16 arms");
  NameIndex names("arm", problems_);
  int64_t shares = 0;
  for (int i = 0; i < source.arms_size(); ++i) {
    const std::string each = absl::StrCat(field, ".arms[", i, "]");
    names.Add(each + ".name", source.arms(i).name());
    experiment.arms.push_back(CompileArm(each, source.arms(i)));
    shares += source.arms(i).share();
  }
  if (shares > kBuckets) problems_.Add(field + ".arms", "the shares are of 10,000, and together they are more");
  if (source.has_valid_from()) experiment.valid_from = ToTime(source.valid_from());
  if (source.has_valid_until()) experiment.valid_until = ToTime(source.valid_until());
  if (experiment.valid_from >= experiment.valid_until)
    problems_.Add(field + ".valid_until", "this must be after valid_from");
  return experiment;
}

// Before the experiment itself is known by name: so only an earlier one is found.
void Compiler::CompileWithin(const std::string& field, const v1::Experiment& source, Experiment& experiment) {
  if (source.within().empty()) return;
  const std::vector<std::string> parts = absl::StrSplit(source.within(), absl::MaxSplits('.', 1));
  if (parts.size() != 2) return problems_.Add(field, "an arm of an earlier experiment is written experiment.arm");
  experiment.within_experiment = experiments_.Find(field, parts[0]);
  if (experiment.within_experiment < 0) return;
  const std::vector<Arm>& arms = playbook_->experiments[static_cast<size_t>(experiment.within_experiment)].arms;
  std::vector<std::string> known;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].name == parts[1]) experiment.within_arm = static_cast<int>(i);
    known.push_back(arms[i].name);
  }
  if (experiment.within_arm < 0) {
    problems_.Add(field, absl::StrCat("experiment `", parts[0], "` has no arm `", parts[1], "`",
                                      expression::DidYouMean(parts[1], known)));
  }
}

Arm Compiler::CompileArm(const std::string& field, const v1::Arm& source) {
  Arm arm{.name = source.name(), .share = source.share(), .hold_out = source.hold_out()};
  CheckRange(field + ".share", source.share(), 1, kBuckets);
  if (arm.hold_out && (source.changes_size() > 0 || source.has_arbitration()))
    problems_.Add(field + ".hold_out", "a hold-out is given nothing, so nothing else can be different for it");
  if (source.changes_size() > 64) problems_.Add(field + ".changes", "at most 64");
  for (int i = 0; i < source.changes_size(); ++i) {
    arm.changes.push_back(CompileArmChange(absl::StrCat(field, ".changes[", i, "]"), source.changes(i)));
  }
  if (!source.has_arbitration()) return arm;
  arm.arbitration = CompileArbitration(field + ".arbitration", source.arbitration());
  if (source.arbitration().limits_size() > 0)
    problems_.Add(field + ".arbitration.limits", "limits are the same for everyone");
  return arm;
}

// A fallback is always given.
void Compiler::CheckExcluded(const std::string& field, const ArmChange& change) {
  for (const Placement& placement : playbook_->placements) {
    if (placement.fallback < 0) continue;
    const Action& fallback = playbook_->actions[static_cast<size_t>(placement.fallback)];
    if (placement.fallback != change.action && (change.group < 0 || fallback.group != change.group)) continue;
    problems_.Add(field + ".exclude", absl::StrCat("`", fallback.name, "` is the fallback of placement `",
                                                   placement.name, "`, which is always given"));
    return;
  }
}

ArmChange Compiler::CompileArmChange(const std::string& field, const v1::ArmChange& source) {
  ArmChange change{.exclude = source.exclude(), .variant = source.variant()};
  change.group = groups_.IndexOf(source.name());
  if (change.group < 0) change.action = actions_.Find(field + ".name", source.name());
  if (change.exclude) CheckExcluded(field, change);
  if (source.has_lever()) change.lever = CheckRange(field + ".lever", source.lever(), 0, 1000);
  if (source.variant().empty() || change.action < 0) return change;
  std::vector<std::string> known;
  for (const Treatment& treatment : playbook_->actions[static_cast<size_t>(change.action)].treatments) {
    if (treatment.variant == source.variant()) return change;
    known.push_back(treatment.variant);
  }
  problems_.Add(field + ".variant", absl::StrCat("no treatment of the action has the variant `", source.variant(), "`",
                                                 expression::DidYouMean(source.variant(), known)));
  return change;
}

}  // namespace waymark::playbook
