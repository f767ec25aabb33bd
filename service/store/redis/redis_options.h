#ifndef WAYMARK_SERVICE_STORE_REDIS_REDIS_OPTIONS_H_
#define WAYMARK_SERVICE_STORE_REDIS_REDIS_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/store/changes.h"
#include "service/store/redis/redis_metrics.h"

namespace waymark::store {

// Where a server listens; port 0: `host` is the path of a socket.
struct Endpoint {
  std::string host;
  int port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Endpoint& endpoint) {
    return H::combine(std::move(state), endpoint.host, endpoint.port);
  }
};

// Whether profiles that are only read (RedisStore::Load) may come from a replica of a cluster, whose state is about a
// millisecond behind its master's. Writes compare with what the master has, whatever was read.
enum class ReplicaReads {
  kNever,
  kMasterAway,  // while the master does not answer: a failover is not noticed by who only reads
  kSpread,      // over the master and its replicas, so that these carry a part of the load
};

// One Redis server, or a Redis Cluster, which it says itself; 7.0 or later.
//
// What it acknowledges is as durable as it is configured to be: with `appendonly yes` a write outlives the server's
// process, with `appendfsync always` also its machine (with `everysec` all but the last second).
struct RedisOptions {
  // A name is looked up again at each connection.
  std::string host = "127.0.0.1";
  int port = 6379;
  // Where set, the path to connect to instead of host and port.
  std::string unix_socket;
  // Further servers of the cluster, to begin with whichever answers. (The others are learned from it.)
  std::vector<Endpoint> other_seeds;

  // Empty: no AUTH. The user needs the keys "wm:*", and the commands of reading, writing, scripts, PING, INFO, DBSIZE
  // and of a cluster CLUSTER SLOTS, CLUSTER NODES, ASKING, READONLY and WAIT. The user is Redis's default one where it
  // is empty.
  std::string user;
  std::string password;
  int database = 0;

  // For connecting and being let in.
  absl::Duration connect_timeout = absl::Seconds(1);
  // Between attempts to connect: the first, doubled each time up to the last, less up to a half at random. (With the
  // above, a Redis that is back is found within 2 s.)
  absl::Duration min_backoff = absl::Milliseconds(50);
  absl::Duration max_backoff = absl::Milliseconds(500);

  // How often Redis is asked for its size. One that leaves that unanswered until the next time is not asked for
  // anything else, see Breaker...
  absl::Duration heartbeat = absl::Seconds(1);
  // ... but for its size again, this often (one at a time), until it answers in time...
  absl::Duration probe_period = absl::Milliseconds(100);
  // ... and a connection on which nothing was answered for so long is given up for a new one.
  absl::Duration stall_timeout = absl::Seconds(3);

  // Of a cluster alone. Whether what RedisStore acknowledges has reached a replica, where the master has any: it then
  // outlives the master. Costs a round trip between them for each write; while a replica is gone and the cluster does
  // not yet say so, writes to its master are UNAVAILABLE.
  bool wait_for_replica = true;
  // For the replica's word.
  absl::Duration replica_timeout = absl::Seconds(1);
  ReplicaReads replica_reads = ReplicaReads::kNever;

  // Requests that wait for an answer; more are refused with RESOURCE_EXHAUSTED.
  size_t max_outstanding = 100'000;

  // Changes of membership that are kept for each tenant: a 256th of them in each bucket, and up to 100 more there.
  uint64_t max_changes = kMaxChanges;

  // Counts; shared by the stores that are given the same.
  std::shared_ptr<RedisMetrics> metrics = std::make_shared<RedisMetrics>();

  // What was read of profiles lately is kept in so much memory, for when Redis is away, and is given until it is so
  // old.
  size_t recent_bytes = 16 << 20;
  absl::Duration recent_age = absl::Minutes(5);

  // Told of each change: OK, connected; else why not. Called on the I/O thread; must not block. For a log.
  std::function<void(const absl::Status&)> on_state;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REDIS_OPTIONS_H_
