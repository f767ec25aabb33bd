#include "service/engine/derive.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "service/journey/resolve.h"

namespace waymark::engine {
namespace {

using segmentation::JourneyPosition;
using segmentation::NameId;

std::vector<StageChange> StageChanges(const std::vector<JourneyPosition>& before,
                                      const std::vector<JourneyPosition>& after) {
  std::vector<StageChange> changes;
  for (const JourneyPosition& position : after) {
    const auto stored = std::find_if(before.begin(), before.end(), [&position](const JourneyPosition& known) {
      return known.journey == position.journey;
    });
    if (stored != before.end() && stored->current.stage == position.current.stage) continue;
    StageChange change{.journey = position.journey, .to = position.current.stage};
    if (stored != before.end()) change.from = stored->current.stage;
    changes.push_back(change);
  }
  return changes;
}

std::vector<NameId> Minus(const std::vector<NameId>& a, const std::vector<NameId>& b) {
  std::vector<NameId> left;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(left));
  return left;
}

void ResolveStages(playbook::Evaluation& evaluation, std::vector<JourneyPosition>& positions) {
  journey::Resolve(evaluation, positions);
  for (const JourneyPosition& position : positions) {
    if (position.journey == evaluation.playbook().facts->primary_journey()) evaluation.frame().set_position(&position);
  }
}

expression::RuleSet EnterRules(const playbook::Playbook& playbook) {
  std::vector<expression::Program> rules;
  for (const segmentation::SegmentRule& rule : playbook.segment_rules) rules.push_back(rule.enter);
  return expression::RuleSet(rules);
}

}  // namespace

std::vector<JourneyPosition> ResolveStages(playbook::Evaluation& evaluation) {
  std::vector<JourneyPosition> positions;
  ResolveStages(evaluation, positions);
  return positions;
}

Derivation Derive(playbook::Evaluation& evaluation) {
  Derivation derivation{.at = evaluation.now(), .positions = ResolveStages(evaluation)};
  const playbook::Playbook& playbook = evaluation.playbook();
  for (size_t i = 0; i < playbook.segments.size(); ++i) {
    if (evaluation.frame().InSegment(static_cast<int>(i))) derivation.segments.push_back(playbook.segments[i].id);
  }
  std::sort(derivation.segments.begin(), derivation.segments.end());
  return derivation;
}

Derivation Derive(const playbook::Playbook& playbook, const segmentation::Profile& profile, absl::Time now) {
  const segmentation::Context no_context;
  playbook::Evaluation evaluation(playbook, profile, no_context, now);
  return Derive(evaluation);
}

Deriver::Deriver(const playbook::Playbook& playbook, absl::Time now)
    : evaluation_(playbook, nobody_, no_context_, now), enter_(EnterRules(playbook)) {
  for (size_t i = 0; i < playbook.segments.size(); ++i) {
    segments_.emplace_back(playbook.segments[i].id, static_cast<int>(i));
  }
  std::sort(segments_.begin(), segments_.end());
}

const Derivation& Deriver::Derive(const segmentation::Profile& profile) {
  evaluation_.Begin(profile);
  derivation_.at = evaluation_.now();
  ResolveStages(evaluation_, derivation_.positions);
  in_segment_ = evaluation_.frame().EvaluateSegments(enter_);
  derivation_.segments.clear();
  for (const auto& [segment, index] : segments_) {
    if (in_segment_[static_cast<size_t>(index)] == 1) derivation_.segments.push_back(segment);
  }
  return derivation_;
}

Receipt AdoptFolded(const std::vector<JourneyPosition>& before, Derivation derivation,
                    const playbook::Playbook& playbook, segmentation::Profile& profile) {
  Receipt receipt;
  receipt.stage_changes = StageChanges(before, derivation.positions);
  receipt.segments_entered = Minus(derivation.segments, profile.derived.segments);
  receipt.segments_left = Minus(profile.derived.segments, derivation.segments);
  profile.derived = {playbook.version, std::move(derivation.segments)};
  std::erase_if(profile.trail.comments,
                [&playbook](const auto& comment) { return !playbook.keep_text.contains(comment.type); });
  return receipt;
}

Receipt Adopt(Derivation derivation, const playbook::Playbook& playbook, segmentation::Profile& profile) {
  const std::vector<JourneyPosition> before = std::move(profile.positions);
  profile.positions = derivation.positions;
  profile.positions_as_of = derivation.at;
  return AdoptFolded(before, std::move(derivation), playbook, profile);
}

bool Differs(const Derivation& derivation, const playbook::Playbook& playbook, const segmentation::Profile& profile) {
  const auto& comments = profile.trail.comments;
  return derivation.positions != profile.positions || derivation.segments != profile.derived.segments ||
         std::any_of(comments.begin(), comments.end(),
                     [&playbook](const auto& comment) { return !playbook.keep_text.contains(comment.type); });
}

}  // namespace waymark::engine
