#include "service/store/redis/uv_adapter.h"

#include <memory>

namespace waymark::store {
namespace {

// A socket that libuv watches for hiredis. It owns itself from attaching until libuv has closed the handle, which
// outlives the context.
struct Poll {
  uv_poll_t handle{};
  redisAsyncContext* context = nullptr;  // nullptr: gone
  int events = 0;                        // what hiredis waits for
  void (*written)(redisAsyncContext*) = nullptr;
};

void OnEvent(uv_poll_t* handle, int status, int events);

void Start(Poll& poll) {
  if (poll.events == 0) {
    uv_poll_stop(&poll.handle);
  } else {
    uv_poll_start(&poll.handle, poll.events, OnEvent);
  }
}

// hiredis asks after each read and write, mostly for what is so already.
void Watch(Poll& poll, int events) {
  if (poll.events == events) return;
  poll.events = events;
  Start(poll);
}

void OnEvent(uv_poll_t* handle, int status, int events) {
  Poll& poll = *static_cast<Poll*>(handle->data);
  // On an error hiredis finds out which by reading or writing. libuv has stopped watching then.
  const bool failed = status < 0;
  if (poll.context != nullptr && (failed || (events & UV_READABLE) != 0)) redisAsyncHandleRead(poll.context);
  if (poll.context != nullptr && (failed || (events & UV_WRITABLE) != 0)) redisAsyncHandleWrite(poll.context);
  if (poll.context != nullptr && !failed && (events & UV_WRITABLE) != 0) poll.written(poll.context);
  if (poll.context != nullptr && failed) Start(poll);
}

Poll& PollOf(void* data) { return *static_cast<Poll*>(data); }

void AddRead(void* data) { Watch(PollOf(data), PollOf(data).events | UV_READABLE); }
void DelRead(void* data) { Watch(PollOf(data), PollOf(data).events & ~UV_READABLE); }
void AddWrite(void* data) { Watch(PollOf(data), PollOf(data).events | UV_WRITABLE); }
void DelWrite(void* data) { Watch(PollOf(data), PollOf(data).events & ~UV_WRITABLE); }

void Cleanup(void* data) {
  Poll& poll = PollOf(data);
  poll.context = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll.handle),
           [](uv_handle_t* handle) { std::unique_ptr<Poll> closed(static_cast<Poll*>(handle->data)); });
}

}  // namespace

bool AttachToLoop(redisAsyncContext* context, uv_loop_t* loop, void (*written)(redisAsyncContext*)) {
  auto poll = std::make_unique<Poll>();
  if (uv_poll_init(loop, &poll->handle, context->c.fd) != 0) return false;
  poll->context = context;
  poll->written = written;
  poll->handle.data = poll.get();
  context->ev = {.data = poll.release(),
                 .addRead = AddRead,
                 .delRead = DelRead,
                 .addWrite = AddWrite,
                 .delWrite = DelWrite,
                 .cleanup = Cleanup};
  return true;
}

}  // namespace waymark::store
