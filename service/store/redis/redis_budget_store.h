#ifndef WAYMARK_SERVICE_STORE_REDIS_REDIS_BUDGET_STORE_H_
#define WAYMARK_SERVICE_STORE_REDIS_REDIS_BUDGET_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "service/store/budget_account.h"
#include "service/store/budget_store.h"
#include "service/store/redis/connection.h"
#include "service/store/redis/redis_options.h"
#include "service/store/redis/scripts.h"

namespace waymark::store {

// Budgets in a Redis, one server or a cluster, which several processes share. Each method is one script, by Redis's
// clock.
//
// Where the server has replicas, what a script wrote must have reached one (WAIT 1) before it counts, so that a replica
// that takes over (Sentinel and Redis Cluster choose the one that is furthest) knows of every unit that may have been
// delivered; with replicas that do not answer, budgets are UNAVAILABLE. WAIT holds up its connection, so this has one
// of its own.
//
// A server that was started again, or took over, may have forgotten the last moments (appendfsync everysec: what was
// not yet written to the file). It therefore grants nothing for `settle` after the first request that it gets, in which
// every holder that lives says what it has. So units are given twice only where Redis forgets a lease and the holder of
// that very lease dies too.
//
// Thread-safe. Callbacks run on the store's I/O thread, or on the caller's where a request is refused at once. Do not
// destroy the store from one of them.
class RedisBudgetStore final : public BudgetStore {
 public:
  struct Times {
    absl::Duration holder_silence = kHolderSilence;
    absl::Duration holder_presence = kHolderPresence;
    // More than it takes a holder to connect again and to speak.
    absl::Duration settle = absl::Seconds(5);
    // For the replica's word.
    absl::Duration wait = absl::Seconds(1);
  };

  // Connects in the background.
  explicit RedisBudgetStore(const RedisOptions& options) : RedisBudgetStore(options, Times()) {}
  RedisBudgetStore(const RedisOptions& options, const Times& times);

  void Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) override;
  void Hold(const HoldRequest& request, absl::Time deadline, Done done) override;
  void ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change, absl::Time deadline,
                   Done done) override;
  void Read(const BudgetKey& key, absl::Time deadline, UseDone done) override;

 private:
  using Numbers = std::vector<int64_t>;
  using NumbersDone = absl::AnyInvocable<void(absl::StatusOr<Numbers>)>;

  // The script's numbers, without the first.
  void Ask(const Script& script, std::vector<std::string> arguments, absl::Time deadline, NumbersDone done);

  const Times times_;
  Connection connection_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REDIS_BUDGET_STORE_H_
