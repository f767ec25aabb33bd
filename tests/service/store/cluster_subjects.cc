// The implementation of the contract suites that needs six processes: one Redis Cluster for all tests of the binary.

#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/store/redis/redis_budget_store.h"
#include "service/store/redis/slots.h"
#include "tests/service/store/budget_subjects.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/service/store/shared_cluster.h"

namespace waymark::testing_support {
namespace {

class ClusterSubject final : public RedisSubject {
 public:
  explicit ClusterSubject(RedisCluster& cluster)
      : RedisSubject(OptionsFor(cluster), [&cluster](const std::string& key, const std::string& bytes) {
          const absl::StatusOr<size_t> master = cluster.MasterOf(store::SlotOf(key));
          if (!master.ok()) return master.status();
          return cluster.server(*master).Command({"SET", key, bytes}).status();
        }) {}
};

std::unique_ptr<ContractSubject> MakeClusterSubject() {
  RedisCluster* cluster = SharedCluster();
  return cluster == nullptr ? nullptr : std::make_unique<ClusterSubject>(*cluster);
}

class ClusterBudgetSubject final : public BudgetSubject {
 public:
  explicit ClusterBudgetSubject(RedisCluster& cluster) {
    store_ = std::make_unique<store::RedisBudgetStore>(watch_.Watching(OptionsFor(cluster)));
    EXPECT_TRUE(watch_.WaitForConnected()) << watch_.last();
  }

  store::BudgetStore& budgets() override { return *store_; }
  // The store goes by Redis's clock, which no test can move.
  void PassASecond() override { absl::SleepFor(absl::Milliseconds(1010)); }

 private:
  StateWatch watch_;
  std::unique_ptr<store::RedisBudgetStore> store_;
};

std::unique_ptr<BudgetSubject> MakeClusterBudgetSubject() {
  RedisCluster* cluster = SharedCluster();
  return cluster == nullptr ? nullptr : std::make_unique<ClusterBudgetSubject>(*cluster);
}

}  // namespace

std::vector<Implementation> Implementations() { return {{"RedisCluster", MakeClusterSubject}}; }

std::vector<BudgetImplementation> BudgetImplementations() { return {{"RedisCluster", MakeClusterBudgetSubject}}; }

}  // namespace waymark::testing_support
