#ifndef WAYMARK_TESTS_BENCH_SERVICE_UNDER_TEST_H_
#define WAYMARK_TESTS_BENCH_SERVICE_UNDER_TEST_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/child_process.h"
#include "tests/bench/load_generator.h"

namespace waymark::bench {

// A shop of `customers` with a year's history, and its playbook.
struct ShopOptions {
  int actions = 50;
  int segments = 30;
  int customers = 10'000;
  int events_each = 10;
  bool keep_decisions = false;
};

// A service of its own with the sample shop, loaded through the contract.
struct ServiceUnderTest {
  ChildProcess process;
  int port;
  std::shared_ptr<grpc::Channel> channel;
  LoadGenerator load;

  // `store` as waymarkd's --store; `folder` holds its files, whose names begin with `name`.
  static absl::StatusOr<std::unique_ptr<ServiceUnderTest>> Start(const std::string& name, const std::string& store,
                                                                 const std::string& folder, const ShopOptions& options);
};

template <typename Message>
Workload WorkloadOf(std::string method, const std::vector<Message>& messages) {
  Workload workload{std::move(method), {}};
  for (const Message& message : messages) workload.requests.push_back(Serialize(message));
  return workload;
}

// INTERNAL where a call failed, or was refused.
absl::Status CheckLoad(const LoadResult& result);

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_SERVICE_UNDER_TEST_H_
