#ifndef WAYMARK_SERVICE_STORE_REDIS_REQUEST_H_
#define WAYMARK_SERVICE_STORE_REDIS_REQUEST_H_

#include <hiredis/hiredis.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace waymark::store {

// Redis's answer, never nullptr nor an error of Redis (that is the status); valid during the call.
using ReplyDone = absl::AnyInvocable<void(absl::StatusOr<const redisReply*>)>;

// A command and who waits for its answer. Counts itself among those outstanding for as long as it lives.
// Thread-compatible.
class Request {
 public:
  Request(std::string command, absl::Time deadline, ReplyDone done, std::atomic<size_t>& outstanding)
      : command(std::move(command)), deadline(deadline), done_(std::move(done)), outstanding_(outstanding) {
    outstanding_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Request() { outstanding_.fetch_sub(1, std::memory_order_relaxed); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // Tells the one who waits. What comes after the first answer is ignored.
  void Answer(absl::StatusOr<const redisReply*> reply) {
    if (!done_) return;
    ReplyDone done = std::move(done_);
    done_ = nullptr;
    done(std::move(reply));
  }

  const std::string command;
  const absl::Time deadline;

 private:
  ReplyDone done_;  // nullptr: answered
  std::atomic<size_t>& outstanding_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REQUEST_H_
