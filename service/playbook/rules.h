#ifndef WAYMARK_SERVICE_PLAYBOOK_RULES_H_
#define WAYMARK_SERVICE_PLAYBOOK_RULES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/template.h"
#include "segmentation/facts.h"
#include "service/playbook/playbook.h"
#include "service/playbook/problems.h"

namespace waymark::playbook {

// Compiles the rules of one playbook, equal ones once, and collects what is wrong with them.
class Rules {
 public:
  Rules(const segmentation::Vocabulary& vocabulary, Problems& problems)
      : facts_(std::make_shared<segmentation::FactSet>(vocabulary)), problems_(problems) {}

  // A rule of type bool. kNone where the text is empty or wrong; one that can never hold is wrong.
  RuleIndex Condition(const std::string& field, const std::string& text);

  // A rule of a number type.
  RuleIndex Number(const std::string& field, const std::string& text);

  expression::Template Text(const std::string& field, const std::string& text);

  // The rule itself, for lists that keep programs of their own (segments); a rule that never holds where the text is
  // empty or wrong.
  expression::Program Program(const std::string& field, const std::string& text);

  // Makes what these rules and those of Condition and Number have in common facts of its own, so that it is evaluated
  // at most once a profile and moment. After every rule was compiled and looked at.
  void Share(std::vector<segmentation::SegmentRule>& segment_rules);

  // Whether it is certain that the second rule holds wherever the first one does. (False says nothing.)
  bool Implies(RuleIndex first, RuleIndex second) const;

  const expression::Program& program(RuleIndex rule) const { return programs_[rule]; }
  const segmentation::FactSet& facts() const { return *facts_; }
  std::shared_ptr<const segmentation::FactSet> TakeFacts() { return std::move(facts_); }
  std::vector<expression::Program> TakePrograms() { return std::move(programs_); }

 private:
  // nullopt where the text is wrong, or the rule may take more steps than evaluation allows.
  absl::optional<expression::Program> Compile(const std::string& field, const std::string& text,
                                              const absl::optional<expression::Type>& type);
  absl::optional<expression::Program> CompileCondition(const std::string& field, const std::string& text);
  bool CheckCost(const std::string& field, int64_t bound);
  RuleIndex Keep(expression::Program program);

  std::shared_ptr<segmentation::FactSet> facts_;
  Problems& problems_;
  std::vector<expression::Program> programs_;
  absl::flat_hash_map<std::string, RuleIndex> by_text_;
};

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_RULES_H_
