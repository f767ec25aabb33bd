#ifndef WAYMARK_SERVICE_STORE_REDIS_DEADLINES_H_
#define WAYMARK_SERVICE_STORE_REDIS_DEADLINES_H_

#include <uv.h>

#include <functional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "service/store/redis/request.h"

namespace waymark::store {

// Answers the requests in flight whose deadline has passed, within about 2 ms, with DEADLINE_EXCEEDED, and tells of
// each then. hiredis 0.14 has no timeouts of its own. Single-threaded: the loop's thread.
class Deadlines {
 public:
  using Expired = std::function<void(const Request&, absl::Time now)>;

  // The object must live until the loop has closed the timer.
  Deadlines(uv_loop_t* loop, Expired expired);

  // The request must be erased before it goes.
  void Add(Request& request);
  void Erase(Request& request);

  void Close();

 private:
  void Arm();
  void Expire();

  const Expired expired_;
  uv_timer_t timer_{};
  // Those in flight, soonest first. Without those that never expire and those that have.
  absl::btree_set<std::pair<absl::Time, Request*>> requests_;
  absl::Time armed_ = absl::InfiniteFuture();  // when the timer rings, at the latest
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_DEADLINES_H_
