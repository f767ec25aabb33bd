// What is well said and can never have the effect that it is there for. Looked for once nothing else is wrong, because
// it follows from how things fit together.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/escape.h"
#include "service/playbook/compiler.h"
#include "service/playbook/evaluation.h"

namespace waymark::playbook {
namespace {

bool IsOneOf(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

void Compiler::CheckUse() {
  CheckGroupsAndBudgetsInUse();
  CheckVariantsInUse();
  CheckContactsOfNothing();
  for (int i = 0; i < source_.actions_size(); ++i) {
    if (playbook_->actions[static_cast<size_t>(i)].bundle.empty()) continue;
    const std::string field = absl::StrCat("actions[", i, "].bundle");
    CheckBundleFitsSlate(field, i);
    CheckBundleFitsPlacement(field, i);
  }
}

void Compiler::CheckGroupsAndBudgetsInUse() {
  for (size_t i = 0; i < playbook_->groups.size(); ++i) {
    if (!playbook_->groups[i].members.empty()) continue;
    problems_.Add(absl::StrCat("groups[", i, "]"),
                  absl::StrCat("no action is of the group `", playbook_->groups[i].name, "`"));
  }
  std::vector<bool> used(playbook_->budgets.size());
  for (const Action& action : playbook_->actions) {
    for (int budget : action.budgets) used[static_cast<size_t>(budget)] = true;
  }
  for (size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    problems_.Add(absl::StrCat("budgets[", i, "]"),
                  absl::StrCat("no action takes from the budget `", playbook_->budgets[i].name, "`"));
  }
}

// Texts that an arm gives to nobody, and arms that give nobody a text.
void Compiler::CheckVariantsInUse() {
  absl::flat_hash_set<std::pair<int, std::string>> given;  // action, variant
  for (size_t i = 0; i < playbook_->experiments.size(); ++i) {
    for (size_t j = 0; j < playbook_->experiments[i].arms.size(); ++j) {
      const std::vector<ArmChange>& changes = playbook_->experiments[i].arms[j].changes;
      for (size_t k = 0; k < changes.size(); ++k) {
        const ArmChange& change = changes[k];
        const std::string field = absl::StrCat("experiments[", i, "].arms[", j, "].changes[", k, "]");
        const v1::ArmChange& source =
            source_.experiments(static_cast<int>(i)).arms(static_cast<int>(j)).changes(static_cast<int>(k));
        if (!change.exclude && !source.has_lever() && change.variant.empty())
          problems_.Add(field, "this changes nothing: it needs exclude, a lever or a variant");
        if (change.variant.empty()) continue;
        bool found = false;
        for (size_t action = 0; action < playbook_->actions.size(); ++action) {
          const Action& each = playbook_->actions[action];
          if (static_cast<int>(action) != change.action && (change.group == kNone || each.group != change.group))
            continue;
          given.insert({static_cast<int>(action), change.variant});
          found = found || HasVariant(each, change.variant);
        }
        if (found) continue;
        problems_.Add(field + ".variant",
                      absl::StrCat("no treatment of an action of the group has the variant `", change.variant, "`"));
      }
    }
  }
  for (size_t i = 0; i < playbook_->actions.size(); ++i) {
    const std::vector<Treatment>& treatments = playbook_->actions[i].treatments;
    for (size_t j = 0; j < treatments.size(); ++j) {
      if (treatments[j].variant.empty() || given.contains({static_cast<int>(i), treatments[j].variant})) continue;
      problems_.Add(absl::StrCat("actions[", i, "].treatments[", j, "].variant"),
                    absl::StrCat("no arm of an experiment gives the variant `", treatments[j].variant, "` to anyone"));
    }
  }
}

void Compiler::CheckContactsOfNothing() {
  for (size_t i = 0; i < playbook_->actions.size(); ++i) {
    const std::vector<NotAfter>& rules = playbook_->actions[i].not_after;
    for (size_t j = 0; j < rules.size(); ++j) {
      if (rules[j].action == kNone ||
          playbook_->actions[static_cast<size_t>(rules[j].action)].kind != ActionKind::kNone)
        continue;
      problems_.Add(absl::StrCat("actions[", i, "].not_after[", j, "].name"),
                    absl::StrCat("`", rules[j].name, "` does nothing, which is no contact"));
    }
  }
}

void Compiler::CheckBundleFitsSlate(const std::string& field, int leader) {
  const Action& first = playbook_->actions[static_cast<size_t>(leader)];
  std::vector<int> all = {leader};
  for (size_t i = 0; i < first.bundle.size(); ++i) {
    const int member = first.bundle[i];
    const Action& action = playbook_->actions[static_cast<size_t>(member)];
    const std::string each = absl::StrCat(field, "[", i, "]");
    for (int before : all) {
      const Action& other = playbook_->actions[static_cast<size_t>(before)];
      if (!Refuses(*playbook_, action, other) && !Refuses(*playbook_, other, action)) continue;
      problems_.Add(each, absl::StrCat("`", action.name, "` is never with `", other.name, "` of the same bundle"));
    }
    all.push_back(member);
    if (action.group == kNone) continue;
    const Group& group = playbook_->groups[static_cast<size_t>(action.group)];
    const auto of_group = std::count_if(all.begin(), all.end(), [&](int given) {
      return playbook_->actions[static_cast<size_t>(given)].group == action.group;
    });
    if (!group.max_per_call.has_value() || of_group <= *group.max_per_call) continue;
    problems_.Add(each, absl::StrCat("the bundle gives ", of_group, " of the group `", group.name,
                                     "`, of which a call has at most ", *group.max_per_call));
  }
}

// A placement must have room for all of it. GetOffers may ask for more than a placement's slots; mails and pages do
// not.
void Compiler::CheckBundleFitsPlacement(const std::string& field, int leader) {
  const std::vector<int>& bundle = playbook_->actions[static_cast<size_t>(leader)].bundle;
  std::vector<const Placement*> own;  // where the leader may be given
  for (const Placement& placement : playbook_->placements) {
    if (IsOneOf(placement.candidates, leader)) own.push_back(&placement);
  }
  if (own.empty()) return;
  bool fits = true;
  for (size_t i = 0; i < bundle.size(); ++i) {
    const auto takes = [&](const Placement* placement) { return IsOneOf(placement->candidates, bundle[i]); };
    if (std::any_of(own.begin(), own.end(), takes)) continue;
    fits = false;
    problems_.Add(absl::StrCat(field, "[", i, "]"),
                  absl::StrCat("`", playbook_->actions[static_cast<size_t>(bundle[i])].name,
                               "` fits no placement of the action that brings it along"));
  }
  int most = 0;
  for (const Placement* placement : own) most = std::max(most, placement->slots);
  if (static_cast<size_t>(most) > bundle.size() || !fits) return;
  problems_.Add(field,
                absl::StrCat("it takes ", bundle.size() + 1, " slots, and no placement of it has more than ", most));
}

// Nothing is known of a stranger.
void Compiler::CheckFallbacksForStrangers() {
  const segmentation::Profile stranger;
  const segmentation::Context nothing;
  Evaluation evaluation(*playbook_, stranger, nothing, absl::UnixEpoch());
  const auto renders = [&evaluation](const expression::Template& text, const Treatment& treatment) {
    absl::optional<absl::string_view> missing;
    if (treatment.missing.has_value()) missing = *treatment.missing;
    return text.is_literal() ||
           text.Render(evaluation.frame(), evaluation.frame().arena(), expression::EscapeNothing, missing).ok();
  };
  for (size_t i = 0; i < playbook_->placements.size(); ++i) {
    const Placement& placement = playbook_->placements[i];
    if (placement.fallback == kNone) continue;
    const Action& fallback = playbook_->actions[static_cast<size_t>(placement.fallback)];
    const auto always = [&](const Treatment& treatment) {
      return IsForEveryone(treatment, placement.channel) && renders(treatment.subject, treatment) &&
             renders(treatment.body, treatment) && renders(treatment.image_url, treatment) &&
             renders(treatment.link_url, treatment);
    };
    if (fallback.treatments.empty() || std::any_of(fallback.treatments.begin(), fallback.treatments.end(), always)) {
      continue;
    }
    problems_.Add(absl::StrCat("placements[", i, "].fallback"),
                  absl::StrCat("a fallback must always be valid, and the text of `", fallback.name,
                               "` lacks a value where the customer is not known: give its treatment a `missing`"));
  }
}

}  // namespace waymark::playbook
