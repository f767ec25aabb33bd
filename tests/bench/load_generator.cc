#include "tests/bench/load_generator.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace waymark::bench {
namespace {

// In open loop, how many calls are sent, or answers taken, before the other is looked at; and for how long neither is.
constexpr int kMaxBurst = 16;
constexpr absl::Duration kLongestNap = absl::Microseconds(50);

absl::Duration Percentile(std::vector<int64_t>& nanos, double share) {
  if (nanos.empty()) return absl::ZeroDuration();
  const auto nth = nanos.begin() + static_cast<int64_t>(share * static_cast<double>(nanos.size() - 1));
  std::nth_element(nanos.begin(), nth, nanos.end());
  return absl::Nanoseconds(*nth);
}

}  // namespace

// One load: the calls that are out, and what came of those that ended. One thread sends and takes answers: two would
// take turns at gRPC's polling, which costs more than a call does.
class LoadGenerator::Run {
 public:
  // `again`: whether an answer is followed by the next request.
  Run(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const Workload& workload, bool again,
      absl::Time count_from, absl::Time until, int64_t at_most, const Take& take = nullptr)
      : workload_(workload), again_(again), count_from_(count_from), until_(until), at_most_(at_most), take_(take) {
    for (const auto& channel : channels) stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
  }

  // Sends the next request, unless there is none left; `planned` is when it should have been sent.
  void Send(absl::Time planned) {
    if (sent_ >= at_most_) return;
    const size_t index = static_cast<size_t>(sent_);
    auto* call = new Call;  // the tag; taken back by Ended
    call->number = sent_++;
    call->planned = planned;
    call->context.set_deadline(absl::ToChronoTime(planned + workload_.timeout));
    ++out_;
    call->reader = stubs_[index % stubs_.size()]->PrepareUnaryCall(
        &call->context, workload_.method, workload_.requests[index % workload_.requests.size()], &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, call);
  }

  // Takes the answers that are there, at most so many, without waiting.
  void TakeAnswers(int at_most) {
    void* tag = nullptr;
    bool ok = false;
    while (at_most-- > 0 &&
           queue_.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_REALTIME)) == grpc::CompletionQueue::GOT_EVENT) {
      Ended(tag);
    }
  }

  // Waits for what is out, and for what follows it.
  LoadResult Finish() {
    void* tag = nullptr;
    bool ok = false;
    while (out_ > 0 && queue_.Next(&tag, &ok)) Ended(tag);
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) continue;
    result_.per_second = static_cast<double>(nanos_.size()) / absl::ToDoubleSeconds(last_ - count_from_);
    result_.p50 = Percentile(nanos_, 0.50);
    result_.p99 = Percentile(nanos_, 0.99);
    result_.refused_p99 = Percentile(refused_nanos_, 0.99);
    return std::move(result_);
  }

 private:
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    int64_t number = 0;
    absl::Time planned;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  };

  void Ended(void* tag) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    const absl::Time now = absl::Now();
    --out_;
    if (again_ && now < until_) Send(now);
    if (take_ != nullptr && call->status.ok()) take_(call->response);
    if (workload_.on_end) workload_.on_end({call->number, call->planned, now, call->status, call->response});
    Count(*call, now);
  }

  // In closed loop what ends within the time counts, in open loop what was planned within it.
  void Count(const Call& call, absl::Time now) {
    const absl::Time at = again_ ? now : call.planned;
    if (at < count_from_ || at > until_) return;
    ++result_.calls;
    last_ = std::max(last_, now);
    if (call.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      if (result_.refused++ == 0 && result_.errors == 0) result_.first_error = call.status.error_message();
      refused_nanos_.push_back(absl::ToInt64Nanoseconds(now - call.planned));
      return;
    }
    if (!call.status.ok()) {
      if (result_.errors++ == 0) result_.first_error = call.status.error_message();
      return;
    }
    nanos_.push_back(absl::ToInt64Nanoseconds(now - call.planned));
  }

  const Workload& workload_;
  const bool again_;
  const absl::Time count_from_;
  const absl::Time until_;
  const int64_t at_most_;
  const Take take_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  int64_t sent_ = 0;
  int64_t out_ = 0;
  LoadResult result_;
  std::vector<int64_t> nanos_;
  std::vector<int64_t> refused_nanos_;
  absl::Time last_ = absl::InfinitePast();
};

LoadGenerator::LoadGenerator(int port, int connections) {
  // As the server does: see PrepareProcess.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection each
  for (int i = 0; i < connections; ++i) {
    channels_.push_back(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments));
    channels_.back()->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  }
}

LoadResult LoadGenerator::Each(const Workload& workload, int callers, const Take& take) {
  const absl::Time now = absl::Now();
  Run run(channels_, workload, true, now, absl::InfiniteFuture(), static_cast<int64_t>(workload.requests.size()), take);
  for (int i = 0; i < callers; ++i) run.Send(now);
  return run.Finish();
}

LoadResult LoadGenerator::Closed(const Workload& workload, int callers, absl::Duration warm_up,
                                 absl::Duration duration) {
  const absl::Time now = absl::Now();
  Run run(channels_, workload, true, now + warm_up, now + warm_up + duration, INT64_MAX);
  for (int i = 0; i < callers; ++i) run.Send(now);
  return run.Finish();
}

LoadResult LoadGenerator::Open(const Workload& workload, double per_second, absl::Duration warm_up,
                               absl::Duration duration) {
  std::mt19937_64 random(42);
  std::exponential_distribution<double> gap(per_second);
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + warm_up + duration;
  Run run(channels_, workload, false, begin + warm_up, end, INT64_MAX);
  absl::Time planned = begin;
  while (planned < end) {
    const absl::Time now = absl::Now();
    for (int i = 0; i < kMaxBurst && planned <= now; ++i) {
      run.Send(planned);
      planned += absl::Seconds(gap(random));
    }
    run.TakeAnswers(kMaxBurst);
    absl::SleepFor(std::min(planned - absl::Now(), kLongestNap));
  }
  return run.Finish();
}

}  // namespace waymark::bench
