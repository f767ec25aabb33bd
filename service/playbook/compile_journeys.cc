#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

using segmentation::Fact;
using segmentation::FactKind;

// Rules call each other as deep as this at most: evaluation recurses.
constexpr int kMaxChain = 32;

// Depth-first search for segments that need themselves, or a longer chain of others than is allowed.
class CycleSearch {
 public:
  CycleSearch(const segmentation::FactSet& facts, const std::vector<segmentation::SegmentRule>& rules)
      : facts_(facts), rules_(rules), state_(rules.size(), State::kNew), chain_(rules.size(), 1) {}

  // How many segments' rules call each other, beginning with this one. REQUIRES: From was asked.
  int ChainOf(int segment) const { return chain_[segment]; }

  // The segments of a cycle through `segment` that was not reported yet; empty where there is none.
  std::vector<int> From(int segment) {
    path_.clear();
    cycle_.clear();
    Visit(segment);
    return cycle_;
  }

 private:
  enum class State { kNew, kOnPath, kDone };

  void Visit(int segment) {
    state_[segment] = State::kOnPath;
    path_.push_back(segment);
    VisitMentions(segment, rules_[segment].enter);
    if (rules_[segment].leave.has_value()) VisitMentions(segment, *rules_[segment].leave);
    path_.pop_back();
    state_[segment] = State::kDone;
  }

  void VisitMentions(int segment, const expression::Program& rule) {
    for (int slot : rule.facts()) {
      const Fact& fact = facts_.facts()[slot];
      if (fact.kind != FactKind::kInSegment) continue;
      if (state_[fact.segment] == State::kNew) Visit(fact.segment);
      chain_[segment] = std::max(chain_[segment], chain_[fact.segment] + 1);
      if (state_[fact.segment] == State::kOnPath && cycle_.empty()) {
        cycle_.assign(std::find(path_.begin(), path_.end(), fact.segment), path_.end());
      }
    }
  }

  const segmentation::FactSet& facts_;
  const std::vector<segmentation::SegmentRule>& rules_;
  std::vector<State> state_;
  std::vector<int> chain_;  // how many rules deep the evaluation of each goes
  std::vector<int> path_;
  std::vector<int> cycle_;
};

}  // namespace

void Compiler::CheckSegmentCycles() {
  CycleSearch search(rules_->facts(), playbook_->segment_rules);
  std::vector<bool> seen(playbook_->segments.size());
  for (size_t i = 0; i < playbook_->segments.size(); ++i) {
    const std::vector<int> cycle = search.From(static_cast<int>(i));
    if (search.ChainOf(static_cast<int>(i)) > kMaxChain) {
      problems_.Add(absl::StrCat("segments[", i, "].when"),
                    absl::StrCat("a chain of more than ", kMaxChain, " segments begins here"));
    }
    if (cycle.empty() || seen[cycle[0]]) continue;
    std::vector<std::string> names;
    for (int segment : cycle) {
      seen[segment] = true;
      names.push_back(playbook_->segments[segment].name);
    }
    names.push_back(names[0]);
    problems_.Add(absl::StrCat("segments[", cycle[0], "].when"),
                  absl::StrCat("this segment depends on itself: ", absl::StrJoin(names, " -> ")));
  }
}

void Compiler::CompileJourneys() {
  for (int i = 0; i < source_.journeys_size(); ++i) {
    const std::string field = absl::StrCat("journeys[", i, "]");
    Journey journey{.name = source_.journeys(i).name(), .id = segmentation::NameIdOf(source_.journeys(i).name())};
    const std::vector<ExpandedStage>& expanded = stages_[i];
    if (expanded.empty()) problems_.Add(field, "a journey needs a preset or stages");
    if (expanded.size() > 32) problems_.Add(field + ".stages", "at most 32 stages");
    NameIndex names("stage", problems_);
    for (const ExpandedStage& stage : expanded) {
      names.Add(stage.field + ".name", stage.stage.name());
      journey.stages.push_back(CompileStage(stage, journey));
    }
    CheckReachable(expanded, journey);
    CheckGoal(field, journey);
    playbook_->journeys.push_back(std::move(journey));
  }
}

Stage Compiler::CompileStage(const ExpandedStage& expanded, const Journey& journey) {
  const v1::Stage& source = expanded.stage;
  const std::string& field = expanded.field;
  Stage stage{.name = source.name(), .id = ids_.Add(field + ".name", source.name())};
  stage.enter = rules_->Condition(field + ".enter_when", source.enter_when());
  stage.leave = rules_->Condition(field + ".leave_when", source.leave_when());
  stage.back = rules_->Condition(field + ".back_when", source.back_when());
  CheckStageRule(field + ".enter_when", stage.enter);
  CheckStageRule(field + ".leave_when", stage.leave);
  CheckStageRule(field + ".back_when", stage.back);
  if (source.has_timeout()) stage.timeout = ToDuration(source.timeout());
  if (stage.timeout <= absl::ZeroDuration()) problems_.Add(field + ".timeout", "more than 0");
  if (source.has_lapse()) stage.lapse = ToDuration(source.lapse());
  if (stage.lapse <= absl::ZeroDuration()) problems_.Add(field + ".lapse", "more than 0");
  if (stage.back != kNone && rules_->program(stage.back).constant().has_value()) {
    problems_.Add(field + ".back_when", "this rule always holds, so nobody would ever be here");
  }
  stage.minimum_dwell = ToDuration(source.minimum_dwell());
  if (stage.minimum_dwell < absl::ZeroDuration()) problems_.Add(field + ".minimum_dwell", "0 or more");
  if (!source.back_to().empty()) {
    auto it = std::find_if(journey.stages.begin(), journey.stages.end(),
                           [&source](const Stage& earlier) { return earlier.name == source.back_to(); });
    if (it == journey.stages.end())
      problems_.Add(field + ".back_to", "this must be an earlier stage of the same journey");
    else
      stage.back_to = static_cast<int>(it - journey.stages.begin());
  }
  CompileExpected(field, source, stage);
  stage.goal = source.goal();
  stage.labels = CompileLabels(source.labels());
  if (source.has_value()) stage.value = CompileMoney(field + ".value", source.value());
  return stage;
}

void Compiler::CheckStageRule(const std::string& field, RuleIndex rule) {
  if (rule == kNone) return;
  std::vector<bool> seen(playbook_->segments.size());
  if (DependsOnStage(rules_->program(rule), seen)) {
    problems_.Add(field,
                  "the rule of a stage cannot depend on the stage, itself or through a segment; see `timeout` and "
                  "`minimum_dwell`");
  }
}

bool Compiler::DependsOnStage(const expression::Program& program, std::vector<bool>& seen_segments) const {
  for (int slot : program.facts()) {
    const Fact& fact = rules_->facts().facts()[slot];
    if (segmentation::IsStageFact(fact.kind)) return true;
    if (fact.kind != FactKind::kInSegment || seen_segments[fact.segment]) continue;
    seen_segments[fact.segment] = true;
    const segmentation::SegmentRule& segment = playbook_->segment_rules[fact.segment];
    if (DependsOnStage(segment.enter, seen_segments)) return true;
    if (segment.leave.has_value() && DependsOnStage(*segment.leave, seen_segments)) return true;
  }
  return false;
}

void Compiler::CompileExpected(const std::string& field, const v1::Stage& source, Stage& stage) {
  if (source.touchpoints_size() > 64) problems_.Add(field + ".touchpoints", "at most 64");
  for (int i = 0; i < std::min(source.touchpoints_size(), 64); ++i) {
    const std::string& name = source.touchpoints(i);
    const std::string at = absl::StrCat(field, ".touchpoints[", i, "]");
    if (DeclareTouchpoint(at, name) == nullptr) continue;
    const NameId id = segmentation::NameIdOf(name);
    if (std::find(stage.touchpoints.begin(), stage.touchpoints.end(), id) != stage.touchpoints.end()) {
      problems_.Add(at, absl::StrCat("`", name, "` is named twice"));
    }
    stage.touchpoints.push_back(id);
  }
}

// A road leads somewhere: without what the shop wants of customers, nobody can say who is lost on it.
void Compiler::CheckGoal(const std::string& field, const Journey& journey) {
  const bool has_goal =
      std::any_of(journey.stages.begin(), journey.stages.end(), [](const Stage& stage) { return !stage.goal.empty(); });
  if (!has_goal && !journey.stages.empty()) {
    problems_.Add(field, "this road has no goal: say in `goal` of a stage what the shop wants of customers there");
  }
}

// A stage whose rule always holds hides every stage before it, and one whose rule holds wherever an earlier one's does
// hides that.
void Compiler::CheckReachable(const std::vector<ExpandedStage>& expanded, const Journey& journey) {
  for (size_t i = journey.stages.size(); i-- > 1;) {
    const Stage& stage = journey.stages[i];
    const RuleIndex rule = stage.enter;
    if (expanded[i].stage.enter_when().empty()) {
      problems_.Add(expanded[i].field + ".enter_when", "only the first stage may go without a rule");
    } else if (rule != kNone && rules_->program(rule).constant().has_value()) {
      problems_.Add(
          expanded[i].field + ".enter_when",
          absl::StrCat("this rule always holds, so nobody would ever be in `", journey.stages[i - 1].name, "`"));
    } else if (rule != kNone && stage.back != kNone && rules_->Implies(rule, stage.back)) {
      problems_.Add(expanded[i].field + ".back_when",
                    "this holds wherever `enter_when` does: nobody would ever be here");
    }
    for (size_t j = 0; j < i; ++j) CheckHidden(expanded[j].field, journey.stages[j], stage);
  }
}

// Whether the later stage hides the earlier one, or nothing tells the two apart.
void Compiler::CheckHidden(const std::string& field, const Stage& earlier, const Stage& later) {
  // Where `back_when` closes the later stage, the earlier one is where customers stand meanwhile.
  if (earlier.enter == kNone || later.enter == kNone || later.back != kNone) return;
  if (!rules_->Implies(earlier.enter, later.enter)) return;
  problems_.Add(field + ".enter_when",
                rules_->Implies(later.enter, earlier.enter)
                    ? absl::StrCat("nobody would ever be here: `", later.name, "` has the same rule and comes later")
                    : absl::StrCat("nobody would ever be here: `", later.name,
                                   "` comes later, and its rule holds wherever this one does"));
}

}  // namespace waymark::playbook
