#ifndef WAYMARK_SERVICE_STORE_REDIS_REQUEST_H_
#define WAYMARK_SERVICE_STORE_REDIS_REQUEST_H_

#include <hiredis/hiredis.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/store/redis/slots.h"

namespace waymark::store {

// Redis's answer, never nullptr nor an error of Redis (that is the status); valid during the call.
using ReplyDone = absl::AnyInvocable<void(absl::StatusOr<const redisReply*>)>;

// Where a command goes.
struct Route {
  enum class To : uint8_t {
    kMaster,    // who has the slot
    kReplica,   // or one of its replicas, where RedisOptions::replica_reads says so: a command that only reads
    kWaited,    // the master, on a connection on which WAIT holds up nobody who reads
    kAnswerer,  // within an answer: the connection that gave it
  };

  static Route Of(absl::string_view key, To to = To::kMaster) { return {.slot = SlotOf(key), .to = to}; }
  static Route ToAnswerer() { return {.to = To::kAnswerer}; }

  uint16_t slot = 0;
  To to = To::kMaster;
  // A command with several keys, some of which are elsewhere while Redis moves the slot: ABORTED at once, for a caller
  // who can ask for one at a time. Else it is repeated until the slot was moved.
  bool abort_if_split = false;
};

// A command and who waits for its answer. Counts itself among those outstanding for as long as it lives.
// Thread-compatible.
class Request {
 public:
  Request(Route route, std::string command, absl::Time deadline, ReplyDone done, std::atomic<size_t>& outstanding)
      : route(route),
        command(std::move(command)),
        deadline(deadline),
        done_(std::move(done)),
        outstanding_(outstanding) {
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
  bool answered() const { return !done_; }
  bool counts_in(const std::atomic<size_t>& outstanding) const { return &outstanding_ == &outstanding; }

  const Route route;
  const std::string command;
  const absl::Time deadline;
  absl::Time sent;  // when the link took it
  int repeats = 0;  // how often Redis said that it was not done here, or not now

 private:
  ReplyDone done_;  // nullptr: answered
  std::atomic<size_t>& outstanding_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REQUEST_H_
