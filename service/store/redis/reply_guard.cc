#include "service/store/redis/reply_guard.h"

#include <cstddef>

namespace waymark::store {
namespace {

constexpr int kMaxElements = 1 << 20;

// hiredis's own functions.
const redisReplyObjectFunctions& Makers() {
  static const redisReplyObjectFunctions makers = [] {
    redisReader* reader = redisReaderCreate();
    const redisReplyObjectFunctions functions = *reader->fn;
    redisReaderFree(reader);
    return functions;
  }();
  return makers;
}

bool Unasked(const redisReadTask* task) {
  return task->parent == nullptr && static_cast<const redisAsyncContext*>(task->privdata)->replies.head == nullptr;
}

// nullptr is an error of the reader, which disconnects.
void* MakeString(const redisReadTask* task, char* text, size_t size) {
  return Unasked(task) ? nullptr : Makers().createString(task, text, size);
}
void* MakeArray(const redisReadTask* task, int elements) {
  return Unasked(task) || elements > kMaxElements ? nullptr : Makers().createArray(task, elements);
}
void* MakeInteger(const redisReadTask* task, long long value) {
  return Unasked(task) ? nullptr : Makers().createInteger(task, value);
}
void* MakeNil(const redisReadTask* task) { return Unasked(task) ? nullptr : Makers().createNil(task); }
void Free(void* reply) { Makers().freeObject(reply); }

redisReplyObjectFunctions guarded = {MakeString, MakeArray, MakeInteger, MakeNil, Free};

}  // namespace

void GuardReplies(redisAsyncContext* context) {
  context->c.reader->fn = &guarded;
  context->c.reader->privdata = context;
}

}  // namespace waymark::store
