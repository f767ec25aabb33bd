#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {

void Compiler::CompileSlates() {
  for (int i = 0; i < source_.actions_size(); ++i) {
    const std::string field = absl::StrCat("actions[", i, "]");
    Action& action = playbook_->actions[static_cast<size_t>(i)];
    CompileNeverWith(field + ".never_with", source_.actions(i), action);
    CompileBundle(field + ".bundle", source_.actions(i), action);
  }
  for (size_t i = 0; i < playbook_->placements.size(); ++i) {
    Placement& placement = playbook_->placements[i];
    IndexCandidates(placement);
    if (placement.fallback < 0) continue;
    const Action& fallback = playbook_->actions[static_cast<size_t>(placement.fallback)];
    const std::string field = absl::StrCat("placements[", i, "].fallback");
    if (!fallback.bundle.empty()) {
      problems_.Add(field,
                    absl::StrCat("a fallback must always be valid, and `", fallback.name, "` brings others along"));
    }
    if (!fallback.never_with.empty()) {
      problems_.Add(field, absl::StrCat("a fallback must always be valid, and `", fallback.name, "` has never_with"));
    }
    CheckFallbackText(field, fallback, placement.channel);
  }
}

bool Compiler::IsForEveryone(const Treatment& treatment, int channel) const {
  return treatment.channel == channel && treatment.variant.empty() &&
         (playbook_->default_locale == treatment.locale ||
          absl::StartsWith(playbook_->default_locale, treatment.locale + "-"));
}

void Compiler::CheckFallbackText(const std::string& field, const Action& fallback, int channel) {
  if (fallback.treatments.empty()) return;
  const auto always = [&](const Treatment& treatment) { return IsForEveryone(treatment, channel); };
  if (std::any_of(fallback.treatments.begin(), fallback.treatments.end(), always)) return;
  problems_.Add(field, absl::StrCat("a fallback must always be valid, and `", fallback.name,
                                    "` has no text for this channel in the default locale"));
}

void Compiler::CompileNeverWith(const std::string& field, const v1::Action& source, Action& action) {
  if (source.never_with_size() > 64) problems_.Add(field, "at most 64");
  for (int i = 0; i < source.never_with_size(); ++i) {
    const std::string& name = source.never_with(i);
    if (groups_.IndexOf(name) < 0 && actions_.Find(absl::StrCat(field, "[", i, "]"), name) < 0) continue;
    if (name == source.name()) {
      problems_.Add(absl::StrCat(field, "[", i, "]"), "an action is never twice in a call anyway");
      continue;
    }
    action.never_with.push_back(segmentation::NameIdOf(name));
  }
  std::sort(action.never_with.begin(), action.never_with.end());
}

void Compiler::CompileBundle(const std::string& field, const v1::Action& source, Action& action) {
  if (source.bundle_size() > 8) problems_.Add(field, "at most 8");
  for (int i = 0; i < source.bundle_size(); ++i) {
    const std::string each = absl::StrCat(field, "[", i, "]");
    const int member = actions_.Find(each, source.bundle(i));
    if (member < 0) continue;
    if (source.bundle(i) == source.name()) {
      problems_.Add(each, "this is the action itself");
    } else if (std::find(action.bundle.begin(), action.bundle.end(), member) != action.bundle.end()) {
      problems_.Add(each, absl::StrCat("`", source.bundle(i), "` is given twice"));
    } else if (source_.actions(member).bundle_size() > 0) {
      problems_.Add(each, absl::StrCat("`", source.bundle(i), "` brings others along itself"));
    } else {
      action.bundle.push_back(member);
    }
  }
}

void Compiler::IndexCandidates(Placement& placement) {
  for (const Journey& journey : playbook_->journeys) placement.by_stage.emplace_back(journey.stages.size());
  for (int candidate : placement.candidates) {
    const std::vector<StageReference>& stages = playbook_->actions[static_cast<size_t>(candidate)].stages;
    if (stages.empty()) placement.any_stage.push_back(candidate);
    for (const StageReference& stage : stages) {
      placement.by_stage[static_cast<size_t>(stage.journey)][static_cast<size_t>(stage.stage)].push_back(candidate);
    }
  }
}

}  // namespace waymark::playbook
