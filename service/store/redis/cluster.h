#ifndef WAYMARK_SERVICE_STORE_REDIS_CLUSTER_H_
#define WAYMARK_SERVICE_STORE_REDIS_CLUSTER_H_

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/store/redis/delayed.h"
#include "service/store/redis/hedged_reads.h"
#include "service/store/redis/link.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/request.h"
#include "service/store/redis/slot_map.h"
#include "service/store/redis/slots.h"
#include "service/store/redis/token_bucket.h"

namespace waymark::store {

// Who serves what, as far as is known. Immutable.
struct Topology {
  struct Part {
    std::string server;            // the process (run_id)
    std::vector<SlotRange> slots;  // of one server alone: none
  };

  // Changes whenever a walk over the parts could miss something: another process, or slots that moved. Of one server it
  // is its run_id.
  std::string order;
  std::vector<Part> parts;
  bool clustered = false;
};

// The servers of a Redis and the ways to them: of one server, one link; of a cluster, which it recognizes by what the
// server says of itself, a link to each master, the slots that each has, and where commands went that were sent to the
// wrong one. Single-threaded: the loop's thread.
//
// The slots are asked for again when a server redirects us or goes away (each 100 ms until all is well, each time
// another server), and every few seconds. A command that was redirected, or refused because its slot is being moved,
// was not done, and is sent again, a bounded number of times and not beyond its deadline. Else only reads are repeated
// that another server can answer, too (see HedgedReads). What is repeated for more than the first time is a fifth of
// the requests at most.
class Cluster final : public Link::Owner {
 public:
  using Waited = absl::AnyInvocable<void(absl::Status)>;

  struct Events {
    // OK: every master is up; else why not.
    std::function<void(const absl::Status&)> on_state;
    // How many keys the masters have.
    std::function<void(int64_t)> on_size;
    std::function<void(std::shared_ptr<const Topology>)> on_topology;
  };

  // The object must live until the loop has closed its timers.
  Cluster(uv_loop_t* loop, const RedisOptions& options, std::vector<std::string> greeting, Events events);

  void Start();

  // As Link::Send, to the server that the route names.
  void Send(std::unique_ptr<Request> request);

  // Writes what was sent since.
  void Flush();

  // Answers whatever is outstanding with UNAVAILABLE.
  void Close();

  // Within an answer of Redis: the link that gave it.
  Link& answerer() const { return *answerer_; }
  // ... and whether what it wrote has to reach a replica, which WAIT then says: as far as is known, it has one.
  bool AnswererHasReplicas() const;
  // ... and waits until what that link wrote so far has reached a replica, for `patience` at most. UNAVAILABLE where
  // none says so in time; what was written stands. Who asks while a WAIT is on its way has written before it: answers
  // come in the order of the commands. So that one tells them all.
  void WaitForReplica(absl::Duration patience, absl::Time deadline, Waited done);

 private:
  struct Node {
    std::unique_ptr<Link> link;
    std::unique_ptr<Link> waited;  // see Route::To::kWaited; nullptr: none
    absl::Time wanted;             // when we last had a reason to know it
    bool seed = false;
  };
  struct Wait {
    absl::Time until;
    std::vector<Waited> waiting;
  };
  struct ServedShard {
    Node* master = nullptr;
    std::vector<Node*> replicas;  // those we read from
    size_t replica_count = 0;
    std::vector<SlotRange> slots;
  };

  void OnState(Link& link, const absl::Status& state) override;
  void OnReply(Link& link) override { answerer_ = &link; }
  void OnError(Link& link, const redisReply& error, std::unique_ptr<Request>& request) override;

  Node& NodeAt(const Endpoint& endpoint);
  std::unique_ptr<Link> MakeLink(const Endpoint& endpoint);
  ServedShard& ShardOf(uint16_t slot) { return shards_[shard_of_slot_[slot]]; }
  Link& LinkFor(const Route& route);
  Link& ReplicaOf(const ServedShard& shard);
  // Who may be asked in place of `but`; nullptr: nobody.
  Link* AnotherOf(const ServedShard& shard, const Link* but);
  // Whether the request may be sent again; else it was answered.
  bool MayRepeat(std::unique_ptr<Request>& request);
  void Redirected(const Redirect& redirect, std::unique_ptr<Request> request);

  void Serve(Link& link);
  void CheckLayout();
  void Tick();
  void TickIn(absl::Duration delay);
  void Hurry();
  void AskForSlots();
  void Take(std::vector<Shard> shards);
  void ForgetNodes();
  void Judge();
  absl::Status StateOfShards() const;
  void Publish();

  uv_loop_t* const loop_;
  const RedisOptions options_;
  const std::vector<std::string> greeting_;
  const Events events_;

  absl::flat_hash_map<Endpoint, std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Node>> gone_;  // closed; kept because the loop may not have closed their timers
  std::vector<ServedShard> shards_;          // in the order of their first slots; empty: not known yet
  std::vector<uint16_t> shard_of_slot_ = std::vector<uint16_t>(kSlots);
  bool clustered_ = false;
  bool covered_ = false;  // every slot is served by somebody

  bool layout_ok_ = false;
  bool asking_layout_ = false;
  absl::Status why_not_;  // while there are no shards, or their layout is not known to be ours

  uv_timer_t tick_{};
  absl::Time tick_at_ = absl::InfiniteFuture();
  bool asking_slots_ = false;
  absl::Time asked_slots_ = absl::InfinitePast();
  size_t turn_ = 0;  // of whom to ask, and of replicas to read from
  Delayed delayed_;
  TokenBucket repeats_;
  HedgedReads hedged_;
  bool published_ = false;
  std::string order_;  // of the topology that was published
  bool closed_ = false;

  absl::flat_hash_map<const Link*, std::shared_ptr<Wait>> waits_;  // on their way
  Link* answerer_ = nullptr;
  std::atomic<size_t> own_{0};  // requests of ours, in flight
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_CLUSTER_H_
