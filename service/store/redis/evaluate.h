#ifndef WAYMARK_SERVICE_STORE_REDIS_EVALUATE_H_
#define WAYMARK_SERVICE_STORE_REDIS_EVALUATE_H_

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/store/redis/connection.h"
#include "service/store/redis/request.h"
#include "service/store/redis/scripts.h"

namespace waymark::store {

// Runs a script, its keys first, where the first key is, by its name, or where Redis does not know it (it was
// restarted, or its scripts were flushed), by its text. The connection and the script must outlive the answer.
void Evaluate(Connection& connection, const Script& script, std::vector<std::string> arguments, absl::Time deadline,
              ReplyDone done, Route::To to = Route::To::kMaster);

// Within an answer: waits until what this connection wrote has reached a replica of the server that answered; for
// `patience` at most. UNAVAILABLE where none says so in time; what was written stands.
void WaitForReplica(Connection& connection, absl::Duration patience, absl::Time deadline,
                    absl::AnyInvocable<void(absl::Status)> done);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_EVALUATE_H_
