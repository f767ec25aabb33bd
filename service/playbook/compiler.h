#ifndef WAYMARK_SERVICE_PLAYBOOK_COMPILER_H_
#define WAYMARK_SERVICE_PLAYBOOK_COMPILER_H_

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "service/playbook/names.h"
#include "service/playbook/playbook.h"
#include "service/playbook/presets.h"
#include "service/playbook/problems.h"
#include "service/playbook/rules.h"
#include "waymark/playbook/v1/playbook.pb.h"

namespace waymark::playbook {

absl::Duration ToDuration(const google::protobuf::Duration& duration);
Period ToPeriod(v1::Period period);

// Turns a message into a playbook, once. The steps run in order: what is declared, then rules that mention it. Every
// step goes on past a problem, so that all are found. Single-threaded.
class Compiler {
 public:
  Compiler(const v1::Playbook& source, std::shared_ptr<const TimeZones> zones, Problems& problems);

  // Null where there were problems. `is_whole`: all that was written could be read.
  std::shared_ptr<const Playbook> Compile(uint64_t version, bool is_whole);

 private:
  // compile.cc: what is declared
  // False where a list is so long that nothing else is worth looking at.
  bool CheckSizes();
  void Declare();
  void DeclareTyped(const std::string& list, const std::string& name, v1::ValueType type, NameIndex& names,
                    std::vector<segmentation::Vocabulary::Typed>& typed);
  void CheckContactable();
  segmentation::Vocabulary MakeVocabulary();
  void CompileSegments();
  segmentation::SegmentRule CompileSegmentRule(const std::string& field, const v1::Segment& segment);
  void CompileChannels();
  std::vector<Limit> CompileLimits(const std::string& field,
                                   const google::protobuf::RepeatedPtrField<v1::Limit>& limits);
  Labels CompileLabels(const google::protobuf::Map<std::string, std::string>& labels);
  // BCP 47's form; empty is fine.
  void CheckLocale(const std::string& field, const std::string& locale);
  void CheckCurrency(const std::string& field, const std::string& currency);
  double CheckRange(const std::string& field, double value, double low, double high);
  void CollectCountedByRules();
  void CompileKeepDecisions();
  void CompilePurposes();

  // compile_policy.cc
  // The contact policy; after channels and actions.
  void CompileContactPolicy();
  void CompileTimeZone();
  void CompileGroups();
  void CompileQuietHours();
  void CompileSuppressions(const std::string& field, const v1::Action& source, Action& action);
  void CompileNotAfter(const std::string& field, const v1::Action& source, Action& action);
  void MarkCounted();
  // After everything that has limits.
  void NumberSharedLimits();
  void CheckFallbacksOfPolicy();
  // 1 minute to 400 days.
  absl::Duration CheckSpan(const std::string& field, const google::protobuf::Duration& source);

  // compile_budgets.cc
  // After actions and placements.
  void CompileBudgets();
  void CompileBudgetsOfAction(const std::string& field, const v1::Action& source, Action& action);
  void CheckBudgetsOfPlacement(int index);

  // compile_experiments.cc
  // After actions, groups and arbitration.
  void CompileExperiments();
  Experiment CompileExperiment(const std::string& field, const v1::Experiment& source);
  Arm CompileArm(const std::string& field, const v1::Arm& source);
  ArmChange CompileArmChange(const std::string& field, const v1::ArmChange& source);
  void CheckExcluded(const std::string& field, const ArmChange& change);
  void CompileWithin(const std::string& field, const v1::Experiment& source, Experiment& experiment);

  // compile_slates.cc
  // What actions of one call say of each other; after groups and placements.
  void CompileSlates();
  void CompileNeverWith(const std::string& field, const v1::Action& source, Action& action);
  void CompileBundle(const std::string& field, const v1::Action& source, Action& action);
  void IndexCandidates(Placement& placement);
  void CheckFallbackText(const std::string& field, const Action& fallback, int channel);
  // In a locale that every request falls back to, and no arm's.
  bool IsForEveryone(const Treatment& treatment, int channel) const;

  // compile_use.cc
  // After everything else, where nothing is wrong with it.
  void CheckUse();
  void CheckGroupsAndBudgetsInUse();
  void CheckVariantsInUse();
  void CheckContactsOfNothing();
  void CheckBundleFitsSlate(const std::string& field, int leader);
  void CheckBundleFitsPlacement(const std::string& field, int leader);
  // Evaluates texts, so the playbook must be whole.
  void CheckFallbacksForStrangers();

  // compile_labels.cc
  // After everything else that has a name.
  void DeclareLabels();
  void DeclareLabelledEvents(const std::string& field, const v1::Label& label);

  // compile_touchpoints.cc
  // Those of channels, of the playbook's list and of placements; after placements.
  void CompileTouchpoints();
  // Null where it is none, or its channel is not declared; a problem, then.
  Touchpoint* DeclareTouchpoint(const std::string& field, const std::string& name);
  void CompileKeepText();

  // compile_journeys.cc
  void CheckSegmentCycles();
  void CompileJourneys();
  Stage CompileStage(const ExpandedStage& expanded, const Journey& journey);
  void CheckStageRule(const std::string& field, RuleIndex rule);
  void CompileExpected(const std::string& field, const v1::Stage& source, Stage& stage);
  void CheckReachable(const std::vector<ExpandedStage>& expanded, const Journey& journey);
  void CheckHidden(const std::string& field, const Stage& earlier, const Stage& later);
  void CheckGoal(const std::string& field, const Journey& journey);
  // Whether the program mentions the stage, itself or through a segment.
  bool DependsOnStage(const expression::Program& program, std::vector<bool>& seen_segments) const;

  // compile_population.cc
  void CompilePopulation();
  void CompileLifetimeValue(const v1::LifetimeValue& source, segmentation::PopulationSpec& spec);
  void CompilePersonas(const v1::Personas& source, segmentation::PopulationSpec& spec);
  // False where its type is of no use for personas.
  bool AddPersonaTrait(int index, segmentation::PopulationSpec& spec);

  // compile_actions.cc
  void CompileActions();
  Action CompileAction(const std::string& field, const v1::Action& source);
  void CompileWorth(const std::string& field, const v1::Action& source, Action& action);
  void CompileStageGain(const std::string& field, const v1::Action& source, Action& action);
  double CompileMoney(const std::string& field, const v1::Money& source);
  void CompileStageReferences(const std::string& field, const v1::Action& source, Action& action);
  // The stages of this name ("stage" or "journey.stage"); a problem where there is none.
  std::vector<StageReference> FindStages(const std::string& field, const std::string& name);
  Treatment CompileTreatment(const std::string& field, const v1::Treatment& source);
  void CheckUrl(const std::string& field, const std::string& url);
  void CheckLinksInBody(const std::string& field, const std::string& body);
  void CompilePlacements();
  void CheckFallback(const std::string& field, const Placement& placement);
  Arbitration CompileArbitration(const std::string& field, const v1::Arbitration& source);

  const v1::Playbook& source_;
  Problems& problems_;
  IdBook ids_;
  NameIndex traits_, context_, purposes_, events_, channels_, segments_, journeys_, actions_, placements_;
  NameIndex groups_, budgets_, experiments_;
  std::vector<segmentation::Vocabulary::Typed> typed_traits_, typed_context_;
  std::vector<std::string> labelled_events_;        // "type/label", each once
  std::vector<std::vector<ExpandedStage>> stages_;  // by journey
  std::unique_ptr<Rules> rules_;
  std::shared_ptr<Playbook> playbook_ = std::make_shared<Playbook>();
};

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_COMPILER_H_
