#ifndef WAYMARK_SERVICE_ENGINE_LOGGED_DECISION_H_
#define WAYMARK_SERVICE_ENGINE_LOGGED_DECISION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/event.h"
#include "segmentation/profile.h"
#include "service/decision/decision.h"
#include "service/decision/token.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"
#include "service/store/decision_records.h"

namespace waymark::engine {

// Decisions as the log keeps them: all that Decide takes, with ids in place of a playbook's indexes, and what it
// answered. Pure functions.

// What Decide sees of a profile, to be kept. About a microsecond.
std::string ToLogged(const segmentation::Profile& profile);

// A decision of a call; `profile` as ToLogged gave it, nullopt where the decision was made without one.
store::LoggedDecision ToLogged(const playbook::Playbook& playbook, absl::string_view customer,
                               const decision::Request& question, absl::optional<std::string> profile, absl::Time now,
                               Knowledge knowledge, const decision::Decision& decision);

// Makes it again, with this playbook, which may be another one, and its population. With `explain` it gives the
// candidates. NOT_FOUND: the playbook has none of its placements any more; those that it lacks are left out. DATA_LOSS:
// the profile cannot be decoded.
absl::StatusOr<decision::Decision> DecideAgain(const store::LoggedDecision& logged, const playbook::Playbook& playbook,
                                               bool explain);

// A hash of everything that was decided: actions, priorities, contents, positions, contacts. Candidates are left out.
// The same on every machine.
uint64_t AnswerHash(const playbook::Playbook& playbook, const decision::Decision& decision);

// What a token names its decision and placement by begins, as the key of the log does, with a byte that is the
// decision's alone: so who has either finds the shard.
uint64_t LogKeyOf(absl::string_view decision_id);
inline uint64_t LogKeyOf(const store::LoggedOutcome& outcome) { return outcome.decision; }

// The outcome that the event is, where it carries a token of this key that is the customer's; nullopt otherwise.
absl::optional<store::LoggedOutcome> OutcomeOf(const SentEvent& sent, const segmentation::Event& event,
                                               absl::string_view tenant, absl::string_view customer,
                                               const decision::TokenKey& token_key);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_LOGGED_DECISION_H_
