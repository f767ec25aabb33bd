#ifndef WAYMARK_SERVICE_PLAYBOOK_EVALUATION_H_
#define WAYMARK_SERVICE_PLAYBOOK_EVALUATION_H_

#include <cstdint>
#include <new>
#include <vector>

#include "absl/types/optional.h"
#include "segmentation/facts.h"
#include "service/playbook/playbook.h"

namespace waymark::playbook {

// A playbook's rules over one customer at one moment. Each rule and each fact is evaluated at most once, however many
// actions share it, and only when it is asked for. Borrows all it is given. Single-threaded.
class Evaluation {
 public:
  Evaluation(const Playbook& playbook, const segmentation::Profile& profile, const segmentation::Context& context,
             absl::Time now)
      : playbook_(playbook),
        frame_(*playbook.facts, playbook.segment_rules, profile, context, now),
        values_(frame_.arena().Allocate<expression::Value>(playbook.rules.size())),
        known_(playbook.rules.size()) {
    frame_.set_population(playbook.population.get());
  }

  // Takes the next customer, at the same moment and in the same memory: see FactFrame::Begin.
  void Begin(const segmentation::Profile& profile) {
    frame_.Begin(profile);
    values_ = frame_.arena().Allocate<expression::Value>(playbook_.rules.size());
    known_.assign(playbook_.rules.size(), 0);
  }

  // REQUIRES: an index of the playbook's rules.
  const expression::Value& Rule(RuleIndex rule) {
    if (known_[rule] == 0) {
      new (values_ + rule) expression::Value(frame_.Evaluate(playbook_.rules[rule]));
      known_[rule] = 1;
    }
    return values_[rule];
  }
  // Whether the rule holds; kNone always does. A rule that errs does not hold.
  bool Holds(RuleIndex rule) { return rule == kNone || Rule(rule).holds(); }

  const Playbook& playbook() const { return playbook_; }
  segmentation::FactFrame& frame() { return frame_; }
  const segmentation::Profile& profile() const { return frame_.profile(); }
  absl::Time now() const { return frame_.now(); }

 private:
  const Playbook& playbook_;
  segmentation::FactFrame frame_;
  // By rule; in the frame's arena, constructed where `known_`: a playbook may have ten thousand rules of which few are
  // asked for.
  expression::Value* values_;
  std::vector<uint8_t> known_;
};

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_EVALUATION_H_
