#ifndef WAYMARK_SERVICE_DECISION_ELIGIBILITY_H_
#define WAYMARK_SERVICE_DECISION_ELIGIBILITY_H_

#include <string>
#include <vector>

#include "segmentation/profile.h"
#include "service/decision/decision.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {

// kConsent where the customer has not granted a purpose that the channel (kNone: none) or the action needs; otherwise
// kChosen. Where `detail` is not null, it is told which purpose.
Reason CheckConsent(const playbook::Playbook& playbook, const segmentation::Profile& profile,
                    const playbook::Action& action, int channel, std::string* detail);

// What the playbook says of an action by itself, whatever else is given: kind, placement, channel, validity, stage, the
// three tiers of rules, consents. Borrows all it is given. Single-threaded.
class Eligibility {
 public:
  // `positions` are where the customer stands; consents are those of `profile`, whatever the evaluation looks at.
  Eligibility(const Request& request, const segmentation::Profile& profile,
              const std::vector<segmentation::JourneyPosition>& positions, playbook::Evaluation& evaluation)
      : request_(request), profile_(profile), positions_(positions), evaluation_(evaluation) {}

  // The first reason against the action, or kChosen. Where `detail` is not null, it is told what decided it, without a
  // trait's value.
  Reason Check(const playbook::Action& action, int placement, std::string* detail);

  // The same for consents alone.
  Reason CheckConsent(const playbook::Action& action, int channel, std::string* detail) const {
    return decision::CheckConsent(evaluation_.playbook(), profile_, action, channel, detail);
  }

  // The actions that may pass, in some order: those for the placement, and for the customer's stages. O(them log them).
  std::vector<int> Candidates(const playbook::Placement& placement) const;

 private:
  bool IsInStage(const playbook::Action& action) const;
  Reason CheckRules(const playbook::Action& action, std::string* detail);

  const Request& request_;
  const segmentation::Profile& profile_;
  const std::vector<segmentation::JourneyPosition>& positions_;
  playbook::Evaluation& evaluation_;
};

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_ELIGIBILITY_H_
