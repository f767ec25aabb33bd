#ifndef WAYMARK_SERVICE_STORE_REDIS_SLOT_MAP_H_
#define WAYMARK_SERVICE_STORE_REDIS_SLOT_MAP_H_

#include <hiredis/hiredis.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "service/store/redis/redis_options.h"

// What the servers of a Redis Cluster say of each other. Values and pure functions.
namespace waymark::store {

struct SlotRange {
  uint16_t first = 0;
  uint16_t last = 0;

  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

// A master, its replicas as far as they work, and the slots that they serve, ascending.
struct Shard {
  Endpoint master;
  std::vector<Endpoint> replicas;
  std::vector<SlotRange> slots;

  friend bool operator==(const Shard&, const Shard&) = default;
};

// The answer to CLUSTER SLOTS: the shards by their first slot. A server that does not know its own address is known by
// the host that was `asked`. INTERNAL where it is no such answer.
absl::StatusOr<std::vector<Shard>> ShardsIn(const redisReply& reply, const Endpoint& asked);

// "MOVED <slot> <host>:<port>", another server has the slot; "ASK ...", another server has this key, for once.
struct Redirect {
  bool ask = false;
  uint16_t slot = 0;
  Endpoint to;

  friend bool operator==(const Redirect&, const Redirect&) = default;
};
// nullopt where the error is none of them. `asked` as above.
absl::optional<Redirect> RedirectIn(absl::string_view error, const Endpoint& asked);

// The slots of the server that answered to CLUSTER NODES, and whether it is giving any of them away.
struct OwnSlots {
  std::vector<SlotRange> slots;
  bool leaving = false;

  friend bool operator==(const OwnSlots&, const OwnSlots&) = default;
};
absl::optional<OwnSlots> OwnSlotsIn(absl::string_view nodes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SLOT_MAP_H_
