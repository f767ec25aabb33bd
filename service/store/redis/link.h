#ifndef WAYMARK_SERVICE_STORE_REDIS_LINK_H_
#define WAYMARK_SERVICE_STORE_REDIS_LINK_H_

#include <hiredis/async.h>
#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/store/redis/breaker.h"
#include "service/store/redis/deadlines.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/request.h"
#include "service/store/redis/slot_map.h"

namespace waymark::store {

// One connection to a server of Redis that is made again whenever it is lost: connecting, being let in, waiting for the
// next attempt, a heartbeat. Single-threaded: the loop's thread.
//
// Down, it waits for its next attempt; connecting, for the socket and then for the answers to the greeting; up, it
// takes requests, unless the server does not answer in time (see Breaker): then whoever asks is told so at once, and
// heartbeats find out when it does again. What the socket does not take yet waits here, not in hiredis, so that nothing
// is sent whose deadline has passed.
class Link {
 public:
  // Who has links. Called on the loop's thread.
  class Owner {
   public:
    // OK: up, as now and after each heartbeat; else why it is not, or why it is up and does not answer.
    virtual void OnState(Link& link, const absl::Status& state) = 0;
    // Before each answer of Redis is given to who asked.
    virtual void OnReply(Link& link) = 0;
    // Redis answered a request that was sent with Send with an error. Who takes the request answers it.
    virtual void OnError(Link& link, const redisReply& error, std::unique_ptr<Request>& request) = 0;

   protected:
    ~Owner() = default;
  };

  // `greeting`: the commands that begin each connection, after AUTH and SELECT. The object must live until the loop has
  // closed its timers.
  Link(uv_loop_t* loop, const RedisOptions& options, Endpoint endpoint, const std::vector<std::string>& greeting,
       Owner& owner);

  void Start();

  // Answers the request in the end: with DEADLINE_EXCEEDED where its deadline has passed (then it was never sent, or
  // the answer is too late), UNAVAILABLE where the link is down or lost, or the server does not answer.
  void Send(std::unique_ptr<Request> request);

  // The same, after telling the server that it is to serve a slot that it is only now being given.
  void SendAsking(std::unique_ptr<Request> request);

  // Writes what was sent since, all at once.
  void Flush();

  // Answers whatever is outstanding with UNAVAILABLE.
  void Close();

  const Endpoint& endpoint() const { return endpoint_; }

  // As OnState was told last: not OK also where it is up and the server does not answer in time.
  const absl::Status& state() const { return state_; }

  // As of the last greeting: what names the process (Redis's run_id), another one after a restart or a failover; and
  // whether it is of a cluster.
  const std::string& server() const { return server_; }
  bool clustered() const { return clustered_; }

  // Whether it was ever up.
  bool was_up() const { return was_up_; }

  // How many keys it had at the last heartbeat.
  int64_t keys() const { return keys_; }

 private:
  void Connect();
  void Greet();
  // `look`, where set, is given the answer.
  void GreetWith(std::string command, std::function<void(const redisReply&)> look = nullptr);
  void Look(const redisReply& info);
  void Up();
  // What a request is refused with; OK: it can be sent.
  absl::Status Admit(Request& request);
  void Tell(const absl::Status& state);
  // Gives the connection up and tries again later.
  void Drop(absl::Status why);
  // As Drop, where hiredis has given it up.
  void Lost(absl::Status why);
  // hiredis is giving the connection up: it tells each request before it tells us.
  void Losing(const redisAsyncContext* context);
  void Beat();
  void BeatEvery(absl::Duration period);
  void Beaten(absl::Duration took);
  void Expired(const Request& request, absl::Time now);
  // After what may have opened the breaker.
  void TellIfOpened(bool was_open);
  void CloseBreaker();
  void Submit(std::unique_ptr<Request> request);
  // Whether hiredis has as much to write as it is to have.
  bool Full() const;
  void SubmitUnsent();
  void FailUnsent();
  bool IsOwn(const Request& request) const { return request.counts_in(own_); }

  static void OnConnect(const redisAsyncContext* context, int status);
  static void OnDisconnect(const redisAsyncContext* context, int status);
  static void OnWritten(redisAsyncContext* context);
  static void OnReply(redisAsyncContext* context, void* reply, void* request);

  uv_loop_t* const loop_;
  const RedisOptions& options_;
  const Endpoint endpoint_;
  const std::vector<std::string>& greeting_;
  Owner& owner_;

  Deadlines deadlines_;
  uv_timer_t attempt_{};    // the next attempt, or the end of this one
  uv_timer_t heartbeat_{};  // while up
  absl::BitGen random_;     // of the backoff

  redisAsyncContext* context_ = nullptr;  // hiredis's; nullptr: none
  bool up_ = false;
  bool was_up_ = false;
  bool unwritten_ = false;  // something was sent since the last Flush
  bool closed_ = false;
  absl::Status why_down_;
  absl::Status state_;
  std::string server_;
  bool clustered_ = false;
  int64_t keys_ = 0;
  std::deque<std::unique_ptr<Request>> unsent_;  // the socket takes no more at the moment
  Breaker breaker_;
  size_t greetings_ = 0;        // not yet answered
  int failures_ = 0;            // to connect, since it was up
  bool beating_ = false;        // the heartbeat is not yet answered
  absl::Time beaten_;           // when it was sent
  uint64_t beats_ = 0;          // how many were
  absl::Time answered_;         // when Redis last answered
  std::atomic<size_t> own_{0};  // requests of the greeting and the heartbeat, in flight
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_LINK_H_
