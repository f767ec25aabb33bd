#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

ActionKind ToKind(v1::ActionKind kind) {
  switch (kind) {
    case v1::ACTION_KIND_CONTENT:
      return ActionKind::kContent;
    case v1::ACTION_KIND_SERVICE:
      return ActionKind::kService;
    case v1::ACTION_KIND_NONE:
      return ActionKind::kNone;
    default:
      return ActionKind::kOffer;
  }
}

// Whether nothing can keep the action from being given.
bool IsAlwaysValid(const Action& action) {
  return action.stages.empty() && action.eligible == kNone && action.applicable == kNone && action.suitable == kNone &&
         action.consents.empty() && action.limits.empty() && action.valid_from == absl::InfinitePast() &&
         action.valid_until == absl::InfiniteFuture();
}

}  // namespace

void Compiler::CompileActions() {
  for (int i = 0; i < source_.actions_size(); ++i) {
    playbook_->actions.push_back(CompileAction(absl::StrCat("actions[", i, "]"), source_.actions(i)));
  }
}

Action Compiler::CompileAction(const std::string& field, const v1::Action& source) {
  Action action{.name = source.name(), .id = segmentation::NameIdOf(source.name()), .kind = ToKind(source.kind())};
  if (source.kind() == v1::ACTION_KIND_UNSPECIFIED)
    problems_.Add(field + ".kind", "this needs a kind: OFFER, CONTENT, SERVICE or NONE");
  CompileStageReferences(field, source, action);
  for (int i = 0; i < source.placements_size(); ++i) {
    const int placement = placements_.Find(absl::StrCat(field, ".placements[", i, "]"), source.placements(i));
    if (placement >= 0) action.placements.push_back(placement);
  }
  std::sort(action.placements.begin(), action.placements.end());
  if (source.has_valid_from()) action.valid_from = ToTime(source.valid_from());
  if (source.has_valid_until()) action.valid_until = ToTime(source.valid_until());
  if (action.valid_from >= action.valid_until) problems_.Add(field + ".valid_until", "this must be after valid_from");
  action.eligible = rules_->Condition(field + ".eligible_when", source.eligible_when());
  action.applicable = rules_->Condition(field + ".applicable_when", source.applicable_when());
  action.suitable = rules_->Condition(field + ".suitable_when", source.suitable_when());
  for (int i = 0; i < source.consents_size(); ++i) {
    if (purposes_.Find(absl::StrCat(field, ".consents[", i, "]"), source.consents(i)) < 0) continue;
    action.consents.push_back({segmentation::NameIdOf(source.consents(i)), source.consents(i)});
  }
  action.limits = CompileLimits(field + ".limits", source.limits());
  CompileWorth(field, source, action);
  if (source.treatments_size() > 64) problems_.Add(field + ".treatments", "at most 64");
  for (int i = 0; i < source.treatments_size(); ++i) {
    const std::string each = absl::StrCat(field, ".treatments[", i, "]");
    Treatment treatment = CompileTreatment(each, source.treatments(i));
    const auto same = [&treatment](const Treatment& other) {
      return other.channel == treatment.channel && other.locale == treatment.locale &&
             other.variant == treatment.variant;
    };
    if (std::any_of(action.treatments.begin(), action.treatments.end(), same))
      problems_.Add(each, "there is another treatment for this channel, locale and variant");
    action.treatments.push_back(std::move(treatment));
  }
  return action;
}

void Compiler::CompileWorth(const std::string& field, const v1::Action& source, Action& action) {
  if (source.has_value() && !source.value_of().empty())
    problems_.Add(field + ".value_of", "either `value` or `value_of`, not both");
  if (source.has_value()) action.value = CompileMoney(field + ".value", source.value());
  if (!source.value_of().empty()) action.value_of = rules_->Number(field + ".value_of", source.value_of());
  CompileStageGain(field, source, action);
  if (source.has_propensity()) action.propensity = CheckRange(field + ".propensity", source.propensity(), 0, 1);
  if (source.has_lever()) action.lever = CheckRange(field + ".lever", source.lever(), 0, 1000);
  if (source.context_weights_size() > 16) problems_.Add(field + ".context_weights", "at most 16");
  for (int i = 0; i < source.context_weights_size(); ++i) {
    const std::string each = absl::StrCat(field, ".context_weights[", i, "]");
    const v1::ContextWeight& weight = source.context_weights(i);
    if (weight.when().empty()) problems_.Add(each + ".when", "a context weight needs a rule");
    action.context_weights.push_back(
        {rules_->Condition(each + ".when", weight.when()), CheckRange(each + ".weight", weight.weight(), 0, 1000)});
  }
}

double Compiler::CompileMoney(const std::string& field, const v1::Money& source) {
  CheckCurrency(field + ".currency", source.currency());
  if (!source.currency().empty() && source.currency() != source_.currency()) {
    problems_.Add(field + ".currency", absl::StrCat("the playbook's currency is ",
                                                    source_.currency().empty() ? "not set" : source_.currency()));
  }
  return CheckRange(field + ".micros", static_cast<double>(source.micros()), 0, 1e15) / 1e6;
}

void Compiler::CompileStageGain(const std::string& field, const v1::Action& source, Action& action) {
  if (source.value_from() != v1::VALUE_SOURCE_STAGE_GAIN) {
    if (!source.moves_to().empty()) problems_.Add(field + ".moves_to", "this needs `value_from: STAGE_GAIN`");
    return;
  }
  if (source.has_value() || !source.value_of().empty())
    problems_.Add(field + ".value_from", "a gain in stage value stands instead of `value` and `value_of`");
  action.moves_to = StageReference{};
  if (!source.moves_to().empty()) {
    const std::vector<StageReference> found = FindStages(field + ".moves_to", source.moves_to());
    if (found.size() > 1) problems_.Add(field + ".moves_to", "several journeys have this stage: write journey.stage");
    if (found.size() != 1) return;
    action.moves_to = found[0];
  }
  const auto journey = static_cast<size_t>(std::max(action.moves_to->journey, 0));
  if (journey >= playbook_->journeys.size()) problems_.Add(field + ".value_from", "there is no journey");
}

void Compiler::CompileStageReferences(const std::string& field, const v1::Action& source, Action& action) {
  for (int i = 0; i < source.stages_size(); ++i) {
    const std::vector<StageReference> found = FindStages(absl::StrCat(field, ".stages[", i, "]"), source.stages(i));
    action.stages.insert(action.stages.end(), found.begin(), found.end());
  }
}

std::vector<StageReference> Compiler::FindStages(const std::string& field, const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, absl::MaxSplits('.', 1));
  std::vector<StageReference> found;
  std::vector<std::string> known;
  for (size_t j = 0; j < playbook_->journeys.size(); ++j) {
    const Journey& journey = playbook_->journeys[j];
    if (parts.size() == 2 && journey.name != parts[0]) continue;
    for (size_t k = 0; k < journey.stages.size(); ++k) {
      known.push_back(journey.stages[k].name);
      if (journey.stages[k].name == parts.back()) found.push_back({static_cast<int>(j), static_cast<int>(k)});
    }
  }
  if (found.empty()) {
    problems_.Add(field,
                  absl::StrCat("no journey has a stage `", name, "`", expression::DidYouMean(parts.back(), known)));
  }
  return found;
}

Treatment Compiler::CompileTreatment(const std::string& field, const v1::Treatment& source) {
  Treatment treatment{.channel = channels_.Find(field + ".channel", source.channel())};
  treatment.locale = source.locale().empty() ? playbook_->default_locale : absl::AsciiStrToLower(source.locale());
  CheckLocale(field + ".locale", source.locale());
  treatment.subject = rules_->Text(field + ".subject", source.subject());
  treatment.body = rules_->Text(field + ".body", source.body());
  treatment.image_url = rules_->Text(field + ".image_url", source.image_url());
  treatment.link_url = rules_->Text(field + ".link_url", source.link_url());
  CheckUrl(field + ".image_url", source.image_url());
  CheckUrl(field + ".link_url", source.link_url());
  CheckLinksInBody(field + ".body", source.body());
  treatment.variant = source.variant();
  if (!source.variant().empty() && !IsName(source.variant()))
    problems_.Add(field + ".variant", "a name is 1 to 64 of a-z, 0-9 and _, beginning with a letter");
  if (source.has_missing()) treatment.missing = source.missing();
  return treatment;
}

// The scheme and the host are the playbook's: what is interpolated can only follow them.
void Compiler::CheckUrl(const std::string& field, const std::string& url) {
  if (url.empty()) return;
  const bool http = absl::StartsWith(url, "https://") || absl::StartsWith(url, "http://");
  const std::string host =
      http ? url.substr(url.find("//") + 2, url.find('/', url.find("//") + 2) - url.find("//") - 2) : "";
  if (!http || host.empty() || absl::StrContains(host, "{{"))
    problems_.Add(field, "a link begins with https:// or http:// and a fixed host");
}

// A value that began a link of the text could bring its own scheme ("javascript:").
void Compiler::CheckLinksInBody(const std::string& field, const std::string& body) {
  const std::string text = absl::AsciiStrToLower(body);
  for (size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
    absl::string_view before = absl::StripTrailingAsciiWhitespace(absl::string_view(text).substr(0, at));
    if (!absl::ConsumeSuffix(&before, "\"")) absl::ConsumeSuffix(&before, "'");
    before = absl::StripTrailingAsciiWhitespace(before);
    if (!absl::ConsumeSuffix(&before, "=")) continue;
    before = absl::StripTrailingAsciiWhitespace(before);
    if (absl::EndsWith(before, "href") || absl::EndsWith(before, "src") || absl::EndsWith(before, "action")) {
      problems_.Add(field, "a link in a text begins with a fixed scheme and host, not with a value");
      return;
    }
  }
}

void Compiler::CompilePlacements() {
  for (int i = 0; i < source_.placements_size(); ++i) {
    const v1::Placement& source = source_.placements(i);
    const std::string field = absl::StrCat("placements[", i, "]");
    Placement placement{.name = source.name(), .id = segmentation::NameIdOf(source.name())};
    const size_t slash = source.touchpoint().find('/');
    if (slash == std::string::npos || slash + 1 == source.touchpoint().size()) {
      problems_.Add(field + ".touchpoint", "a touchpoint is channel/place, such as web/cart");
    } else {
      placement.channel = channels_.Find(field + ".touchpoint", source.touchpoint().substr(0, slash));
    }
    placement.slots = source.slots() == 0 ? 1 : source.slots();
    CheckRange(field + ".slots", placement.slots, 1, 100);
    placement.count_on_decision = source.exposure() != v1::EXPOSURE_ON_IMPRESSION;
    if (!source.fallback().empty()) placement.fallback = actions_.Find(field + ".fallback", source.fallback());
    CheckFallback(field + ".fallback", placement);
    for (size_t j = 0; j < playbook_->actions.size(); ++j) {
      const Action& action = playbook_->actions[j];
      if (FitsPlacement(action, i) && FitsChannel(action, placement.channel))
        placement.candidates.push_back(static_cast<int>(j));
    }
    playbook_->placement_by_name.insert({placement.name, i});
    playbook_->placements.push_back(std::move(placement));
  }
}

void Compiler::CheckFallback(const std::string& field, const Placement& placement) {
  if (placement.fallback < 0) return;
  const Action& action = playbook_->actions[placement.fallback];
  if (!IsAlwaysValid(action)) {
    problems_.Add(field, absl::StrCat("a fallback must always be valid, and `", action.name,
                                      "` has stages, a rule, consents, limits or dates"));
  }
  if (placement.channel >= 0 && !FitsChannel(action, placement.channel)) {
    problems_.Add(field, absl::StrCat("`", action.name, "` has no treatment for this placement's channel"));
  }
}

Arbitration Compiler::CompileArbitration(const std::string& field, const v1::Arbitration& source) {
  Arbitration arbitration;
  if (source.has_propensity_exponent()) {
    arbitration.propensity_exponent = CheckRange(field + ".propensity_exponent", source.propensity_exponent(), 0, 10);
  }
  arbitration.use_context_weight = !source.has_use_context_weight() || source.use_context_weight();
  arbitration.use_value = !source.has_use_value() || source.use_value();
  arbitration.use_lever = !source.has_use_lever() || source.use_lever();
  arbitration.limits = CompileLimits(field + ".limits", source.limits());
  return arbitration;
}

}  // namespace waymark::playbook
