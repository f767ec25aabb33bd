#ifndef WAYMARK_SERVICE_STORE_REDIS_REPLY_GUARD_H_
#define WAYMARK_SERVICE_STORE_REDIS_REPLY_GUARD_H_

#include <hiredis/async.h>

namespace waymark::store {

// Lets the connection fail where an answer comes that nobody waits for: hiredis 0.14 would end the process with an
// assertion, and a damaged byte is enough (of "$747" and its text "$3", a part, and ":1"). Likewise where an array
// claims more elements than any of ours has, for which hiredis would take the memory beforehand.
void GuardReplies(redisAsyncContext* context);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REPLY_GUARD_H_
