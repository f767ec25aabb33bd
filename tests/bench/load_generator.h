#ifndef WAYMARK_TESTS_BENCH_LOAD_GENERATOR_H_
#define WAYMARK_TESTS_BENCH_LOAD_GENERATOR_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace waymark::bench {

// What became of a call; valid during the call that tells of it.
struct CallEnd {
  int64_t number;  // of those that were sent, from 0 on
  absl::Time planned;
  absl::Time ended;
  const grpc::Status& status;
  const grpc::ByteBuffer& answer;
};

// Calls of one unary method. Requests are serialized beforehand and answers are not parsed, so that the generator takes
// as little of the machine as it can.
struct Workload {
  std::string method;  // "/waymark.v1.DecisionService/GetOffers"
  std::vector<grpc::ByteBuffer> requests;
  absl::Duration timeout = absl::Seconds(20);  // of a call, from the moment for which it was planned
  // Where set, told of every call, those of the warm-up too.
  std::function<void(const CallEnd&)> on_end;
};

template <typename Message>
grpc::ByteBuffer Serialize(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// What a load found. Rate and latencies are those of calls that ended with OK.
struct LoadResult {
  int64_t calls = 0;
  int64_t refused = 0;      // with RESOURCE_EXHAUSTED
  int64_t errors = 0;       // otherwise
  std::string first_error;  // of either
  double per_second = 0;
  absl::Duration p50;
  absl::Duration p99;
  absl::Duration refused_p99;
};

// Makes load on one server over a few connections, with the caller's thread. Thread-compatible.
class LoadGenerator {
 public:
  // 127.0.0.1.
  LoadGenerator(int port, int connections);

  // Each request once, so many at a time; each answer goes to `take`.
  using Take = std::function<void(const grpc::ByteBuffer& answer)>;
  LoadResult Each(const Workload& workload, int callers, const Take& take = nullptr);

  // Closed loop: callers that each send the next request as soon as the last one is answered. It finds the throughput.
  // Requests in turn; what is answered during the warm-up does not count.
  LoadResult Closed(const Workload& workload, int callers, absl::Duration warm_up, absl::Duration duration);

  // Open loop: requests at random moments (a Poisson process with a fixed seed), whether or not earlier ones were
  // answered. Latency counts from the moment for which a call was planned, also where it was sent late, so that a
  // server which stalls cannot hide the calls that would have come meanwhile (coordinated omission).
  LoadResult Open(const Workload& workload, double per_second, absl::Duration warm_up, absl::Duration duration);

 private:
  class Run;

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
};

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_LOAD_GENERATOR_H_
