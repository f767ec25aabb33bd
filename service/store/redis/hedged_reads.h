#ifndef WAYMARK_SERVICE_STORE_REDIS_HEDGED_READS_H_
#define WAYMARK_SERVICE_STORE_REDIS_HEDGED_READS_H_

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "service/store/redis/latency_quantile.h"
#include "service/store/redis/link.h"
#include "service/store/redis/redis_metrics.h"
#include "service/store/redis/request.h"
#include "service/store/redis/token_bucket.h"

namespace waymark::store {

// Reads that any of several servers can answer: one is asked, and another one too where the first takes much longer
// than answers usually do (a hedge: Dean and Barroso, "The tail at scale", CACM 56(2), 2013) or its connection is lost;
// the first answer counts. Hedges are 5 % of the reads at most, so that servers which are all slow are not asked twice;
// what is repeated is the caller's budget of repeats. Costs a read a copy of the command and two allocations.
// Single-threaded: the loop's thread.
class HedgedReads {
 public:
  // Who answers for the slot, but not this one; nullptr: nobody else is up.
  using Another = std::function<Link*(uint16_t slot, const Link* but)>;

  // The object must live until the loop has closed the timer.
  HedgedReads(uv_loop_t* loop, Another another, TokenBucket& repeats, RedisMetrics& metrics);

  // Asks `first`.
  void Send(std::unique_ptr<Request> request, Link& first);

  void Close();

 private:
  struct Read;

  void Ask(const std::shared_ptr<Read>& read, Link& link);
  // Asks another one, where somebody else is up and the budget has room.
  bool AskAnother(const std::shared_ptr<Read>& read, TokenBucket& budget, RedisMetrics::Count asked,
                  RedisMetrics::Count refused);
  void Take(const std::shared_ptr<Read>& read, const Link& link, absl::StatusOr<const redisReply*> reply);
  absl::Duration Delay() const;
  void Arm();
  void Ring();

  const Another another_;
  TokenBucket& repeats_;
  RedisMetrics& metrics_;
  TokenBucket hedges_;
  LatencyQuantile usual_;
  uv_timer_t timer_{};
  std::deque<std::pair<absl::Time, std::weak_ptr<Read>>> waiting_;  // when they are to be hedged, about in this order
  std::atomic<size_t> own_{0};                                      // requests of ours, in flight
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_HEDGED_READS_H_
