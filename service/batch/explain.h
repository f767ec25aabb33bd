#ifndef WAYMARK_SERVICE_BATCH_EXPLAIN_H_
#define WAYMARK_SERVICE_BATCH_EXPLAIN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/batch/log_walk.h"
#include "service/engine/requests.h"

namespace waymark::batch {

// Which decision: by its id, or by a token of one of its actions. One of the two.
struct DecisionName {
  std::string decision_id;
  std::string token;
};

struct Explained {
  std::string customer;
  engine::DecideAnswer answer;
};

// Makes a logged decision again with the playbook and population of then, and answers what `explain` would have
// answered. Of several tries of one decision the last. Reads one part in 256 of the log; blocks. `receipts` stay empty.
//
// NOT_FOUND: the log has no such decision (any more); INVALID_ARGUMENT: no token of this service; FAILED_PRECONDITION,
// saying which: the playbook or the population of then is not kept any more, or this Waymark makes another decision of
// it.
absl::StatusOr<Explained> Explain(const LogEnvironment& environment, const std::string& tenant,
                                  const DecisionName& name, const std::shared_ptr<Cancellation>& cancellation);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_EXPLAIN_H_
