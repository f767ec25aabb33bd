#ifndef WAYMARK_TESTS_SUPPORT_REDIS_CLUSTER_H_
#define WAYMARK_TESTS_SUPPORT_REDIS_CLUSTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/redis_server.h"

namespace waymark::testing_support {

// A real Redis Cluster of the test's own: six redis-servers on free ports of the loopback, three masters with a replica
// each, that notice within a second when one of them is gone. Its processes end with the object, and with the thread
// that started it. Thread-compatible.
class RedisCluster {
 public:
  static constexpr size_t kMasters = 3;
  static constexpr size_t kServers = 2 * kMasters;

  // Serves, with all replicas in step. NOT_FOUND where redis-server is not installed.
  static absl::StatusOr<std::unique_ptr<RedisCluster>> Start();

  // The servers; who is whose master changes by failovers.
  RedisServer& server(size_t i) { return *servers_[i]; }
  std::vector<int> ports() const;

  // Which server is the master of a slot, by what a server that runs says.
  absl::StatusOr<size_t> MasterOf(uint16_t slot) const;
  // The servers that are masters of slots.
  absl::StatusOr<std::vector<size_t>> Masters() const;
  // The replica of a master.
  absl::StatusOr<size_t> ReplicaOf(size_t master) const;

  // Starts whoever was killed, and waits until all is as after Start, whoever is master.
  absl::Status Mend();

  // Takes everything out of all servers.
  absl::Status Clear();

  // One more server, a master without slots, that the others know; and takes it out again, when it has none any more.
  absl::StatusOr<size_t> AddServer();
  absl::Status RemoveServer(size_t added);

  // Waits until another server than `old` is master of the slot.
  absl::Status WaitForPromotion(uint16_t slot, size_t old) const;

  // Moves a slot in steps, as redis-cli does: what is asked for meanwhile is where its key is.
  absl::Status BeginMove(uint16_t slot, size_t from, size_t to);
  // At most `count` keys; how many.
  absl::StatusOr<int> MoveKeys(uint16_t slot, size_t from, size_t to, int count);
  absl::Status EndMove(uint16_t slot, size_t from, size_t to);

 private:
  RedisCluster() = default;
  absl::Status StartServers();
  absl::Status StartServer();
  absl::Status Introduce();
  absl::Status Replicate();
  absl::Status WaitUntilWhole() const;
  // Whether this server sees masters with all slots, all of whose replicas are in step.
  bool IsWhole(size_t server) const;
  absl::StatusOr<std::string> Nodes() const;

  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<int> bus_ports_;
  std::vector<std::string> ids_;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_REDIS_CLUSTER_H_
