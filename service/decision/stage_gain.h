#ifndef WAYMARK_SERVICE_DECISION_STAGE_GAIN_H_
#define WAYMARK_SERVICE_DECISION_STAGE_GAIN_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {

// What moving on is worth to one customer. What the playbook states of a stage counts, and where it states nothing,
// what was learned: of the customer's first segment, as the playbook lists them, that has values of its own on that
// journey, else of everyone. So the stages of a journey are always compared as the same people's. Borrows both.
class StageGains {
 public:
  // `positions`: where the customer stands.
  StageGains(const std::vector<segmentation::JourneyPosition>& positions, playbook::Evaluation& evaluation)
      : positions_(positions), evaluation_(evaluation) {}

  // What the stage is worth more than the customer's own on its journey; at least 0. No journey: the stage after the
  // customer's on the primary one. nullopt off the journey, and where one of the two is not known; then, where `detail`
  // is not null, it is told what was missing. Evaluates segments once a journey.
  absl::optional<double> Of(const playbook::StageReference& moves_to, std::string* detail);

 private:
  // What the customer gains, by stage of a journey.
  struct Values {
    bool known = false;
    int current = playbook::kNone;  // the stage; none: not on the journey
    int segment = playbook::kNone;  // whose values count
  };

  const Values& ValuesOf(int journey);

  const std::vector<segmentation::JourneyPosition>& positions_;
  playbook::Evaluation& evaluation_;
  std::vector<Values> values_;  // by journey; empty before the first
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_STAGE_GAIN_H_
