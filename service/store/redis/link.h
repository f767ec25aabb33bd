#ifndef WAYMARK_SERVICE_STORE_REDIS_LINK_H_
#define WAYMARK_SERVICE_STORE_REDIS_LINK_H_

#include <hiredis/async.h>
#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/store/redis/deadlines.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/request.h"

namespace waymark::store {

// One connection to Redis that is made again whenever it is lost: connecting, being let in, waiting for the next
// attempt, a heartbeat. Single-threaded: the loop's thread.
//
// Down, it waits for its next attempt; connecting, for the socket and then for the answers to the greeting; up, it
// takes requests.
class Link {
 public:
  struct Events {
    // OK: up, as now and after each heartbeat; else why it is not, or why it is up and does not answer.
    std::function<void(const absl::Status&)> on_state;
    // How many keys Redis has.
    std::function<void(int64_t)> on_size;
  };

  // `greeting`: the commands that begin each connection, after AUTH and SELECT. The object must live until the loop has
  // closed its timers.
  Link(uv_loop_t* loop, const RedisOptions& options, std::vector<std::string> greeting, Events events);

  void Start();

  // Answers the request in the end: with DEADLINE_EXCEEDED where its deadline has passed (then it was never sent, or
  // the answer is too late), UNAVAILABLE where the link is down or lost.
  void Send(std::unique_ptr<Request> request);

  // Writes what was sent since, all at once.
  void Flush();

  // Answers whatever is outstanding with UNAVAILABLE.
  void Close();

  // Names the process that answers (Redis's run_id): another one after a restart or a failover. Within an answer: the
  // one who gave it.
  const std::string& server() const { return server_; }

 private:
  void Connect();
  void Greet();
  // `look`, where set, is given the answer.
  void GreetWith(std::string command, std::function<void(const redisReply&)> look = nullptr);
  void Up();
  // Gives the connection up and tries again later.
  void Drop(absl::Status why);
  // As Drop, where hiredis has given it up.
  void Lost(absl::Status why);
  // hiredis is giving the connection up: it tells each request before it tells us.
  void Losing(const redisAsyncContext* context);
  void Beat();
  void Submit(std::unique_ptr<Request> request);

  static void OnConnect(const redisAsyncContext* context, int status);
  static void OnDisconnect(const redisAsyncContext* context, int status);
  static void OnReply(redisAsyncContext* context, void* reply, void* request);

  uv_loop_t* const loop_;
  const RedisOptions options_;
  const std::vector<std::string> greeting_;
  const Events events_;

  Deadlines deadlines_;
  uv_timer_t attempt_{};    // the next attempt, or the end of this one
  uv_timer_t heartbeat_{};  // while up
  absl::BitGen random_;     // of the backoff

  redisAsyncContext* context_ = nullptr;  // hiredis's; nullptr: none
  bool up_ = false;
  bool closed_ = false;
  absl::Status why_down_;
  std::string server_;
  size_t greetings_ = 0;        // not yet answered
  int failures_ = 0;            // to connect, since it was up
  bool beating_ = false;        // the heartbeat is not yet answered
  absl::Time answered_;         // when Redis last answered
  std::atomic<size_t> own_{0};  // requests of the greeting and the heartbeat, in flight
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_LINK_H_
