#ifndef WAYMARK_SERVICE_STORE_REDIS_EVALUATE_H_
#define WAYMARK_SERVICE_STORE_REDIS_EVALUATE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/store/redis/connection.h"
#include "service/store/redis/request.h"
#include "service/store/redis/scripts.h"

namespace waymark::store {

// Runs a script, its keys first, where the first key is, by its name, or where Redis does not know it (it was
// restarted, or its scripts were flushed), by its text. The connection and the script must outlive the answer.
void Evaluate(Connection& connection, const Script& script, std::vector<std::string> arguments, absl::Time deadline,
              ReplyDone done, Route::To to = Route::To::kMaster);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_EVALUATE_H_
