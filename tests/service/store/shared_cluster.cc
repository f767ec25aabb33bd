#include "tests/service/store/shared_cluster.h"

#include <memory>

#include "gtest/gtest.h"

namespace waymark::testing_support {
namespace {

// Takes the servers down before main ends.
class Environment final : public testing::Environment {
 public:
  void TearDown() override { cluster = nullptr; }

  std::unique_ptr<RedisCluster> cluster;
};

Environment& TheEnvironment() {
  static auto& environment = *static_cast<Environment*>(testing::AddGlobalTestEnvironment(new Environment));
  return environment;
}

// Registered before the tests begin.
[[maybe_unused]] const Environment& kRegistered = TheEnvironment();

}  // namespace

RedisCluster* SharedCluster() {
  std::unique_ptr<RedisCluster>& cluster = TheEnvironment().cluster;
  absl::Status status;
  if (cluster == nullptr) {
    auto started = RedisCluster::Start();
    status = started.status();
    if (started.ok()) cluster = *std::move(started);
  }
  if (status.ok()) status = cluster->Mend();
  if (status.ok()) status = cluster->Clear();
  EXPECT_TRUE(status.ok()) << status;
  return status.ok() ? cluster.get() : nullptr;
}

store::RedisOptions OptionsFor(const RedisCluster& cluster) {
  store::RedisOptions options;
  const std::vector<int> ports = cluster.ports();
  options.port = ports[0];
  for (size_t i = 1; i < ports.size(); ++i) options.other_seeds.push_back({"127.0.0.1", ports[i]});
  options.max_backoff = absl::Milliseconds(100);
  return options;
}

}  // namespace waymark::testing_support
