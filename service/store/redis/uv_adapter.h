#ifndef WAYMARK_SERVICE_STORE_REDIS_UV_ADAPTER_H_
#define WAYMARK_SERVICE_STORE_REDIS_UV_ADAPTER_H_

#include <hiredis/async.h>
#include <uv.h>

namespace waymark::store {

// Lets the loop tell hiredis when its socket can be read and written, and `written` that it could be written; false
// where libuv refuses. In place of hiredis 0.14's own adapter, which drops the socket's errors, so that a refused
// connection would never be noticed.
bool AttachToLoop(redisAsyncContext* context, uv_loop_t* loop, void (*written)(redisAsyncContext*));

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_UV_ADAPTER_H_
