// Asks replicas for offers, from many callers at once, and counts how often one was delivered: what a customer has
// seen, as far as anybody can know. Callers go on when a replica dies. Ends when standard input has ended and nothing
// was delivered for a while; prints one line of JSON.

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "waymark/v1/decision.grpc.pb.h"

namespace waymark {
namespace {

struct Options {
  std::vector<std::string> addresses;
  std::string tenant = "shop";
  std::string placement;
  std::string action;
  int callers = 64;     // of each replica
  double period = 0.0;  // seconds between a caller's calls, at least
  double quiet = 1.5;   // seconds without a delivery that end it
  int seed = 1;
};

class Load;

// One caller: it asks, waits for the answer, and asks again.
class Caller {
 public:
  Caller(Load& load, v1::DecisionService::Stub& stub, uint32_t seed) : load_(load), stub_(stub), random_(seed) {}

  void Ask();
  // The answer came, or the pause ended.
  void Happen();

 private:
  Load& load_;
  v1::DecisionService::Stub& stub_;
  std::mt19937 random_;
  bool pausing_ = false;
  absl::Time asked_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetOffersResponse>> reader_;
  v1::GetOffersResponse response_;
  grpc::Status status_;
  grpc::Alarm alarm_;
};

// All callers, served by one thread.
class Load {
 public:
  explicit Load(const Options& options) : options(options) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    uint32_t seed = static_cast<uint32_t>(options.seed) * 1000;
    for (const std::string& address : options.addresses) {
      stubs_.push_back(v1::DecisionService::NewStub(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
      for (int i = 0; i < options.callers; ++i)
        callers_.push_back(std::make_unique<Caller>(*this, *stubs_.back(), ++seed));
    }
  }

  void Run() {
    std::thread([this] {
      char byte = 0;
      while (read(STDIN_FILENO, &byte, 1) > 0) continue;
      may_end.store(true);
    }).detach();
    const absl::Time begun = absl::Now();
    last_delivery = begun;
    out = static_cast<int>(callers_.size());
    for (auto& caller : callers_) caller->Ask();
    void* tag = nullptr;
    bool ok = false;
    while (out > 0 && queue.Next(&tag, &ok)) static_cast<Caller*>(tag)->Happen();
    std::printf("{\"delivered\": %lld, \"calls\": %lld, \"errors\": %lld, \"unknown\": %lld, \"seconds\": %.2f}\n",
                delivered, calls, errors, unknown, absl::ToDoubleSeconds(last_delivery - begun));
    std::fflush(stdout);
    _exit(0);  // the thread that reads standard input may wait for ever
  }

  // Whether nothing was delivered for a while, since it may end: those who deliver may have been away before.
  bool Over() {
    if (!may_end.load()) return false;
    const absl::Time now = absl::Now();
    may_end_since_ = std::min(may_end_since_, now);
    return now - std::max(last_delivery, may_end_since_) > absl::Seconds(options.quiet);
  }

  const Options& options;
  grpc::CompletionQueue queue;
  std::atomic<bool> may_end{false};
  // The thread's own.
  int out = 0;
  long long delivered = 0;
  long long calls = 0;
  long long errors = 0;
  long long unknown = 0;  // refused because nothing was known of the budget
  absl::Time last_delivery;

 private:
  absl::Time may_end_since_ = absl::InfiniteFuture();
  std::vector<std::unique_ptr<v1::DecisionService::Stub>> stubs_;
  std::vector<std::unique_ptr<Caller>> callers_;
};

void Caller::Ask() {
  if (load_.Over()) {
    --load_.out;
    return;
  }
  asked_ = absl::Now();
  v1::GetOffersRequest request;
  request.mutable_context()->set_tenant(load_.options.tenant);
  request.mutable_context()->set_explain(true);
  // Half of them have a profile, and are written to.
  if (random_() % 2 == 0) request.mutable_context()->set_customer(absl::StrCat("c", random_() % 100'000));
  request.set_placement(load_.options.placement);
  context_ = std::make_unique<grpc::ClientContext>();
  context_->set_deadline(absl::ToChronoTime(asked_ + absl::Seconds(5)));
  response_.Clear();
  reader_ = stub_.AsyncGetOffers(context_.get(), request, &load_.queue);
  reader_->Finish(&response_, &status_, this);
}

void Caller::Happen() {
  if (pausing_) {
    pausing_ = false;
    return Ask();
  }
  ++load_.calls;
  absl::Duration pause = asked_ + absl::Seconds(load_.options.period) - absl::Now();
  if (!status_.ok()) {
    ++load_.errors;
    pause = absl::Milliseconds(20);  // it is being started again
  } else {
    for (const v1::DecidedAction& action : response_.decision().actions()) {
      if (action.action() != load_.options.action) continue;
      ++load_.delivered;
      load_.last_delivery = absl::Now();
    }
    for (const v1::Candidate& candidate : response_.decision().candidates())
      load_.unknown += candidate.reason() == v1::REASON_CODE_BUDGET_UNKNOWN ? 1 : 0;
  }
  if (pause <= absl::ZeroDuration()) return Ask();
  pausing_ = true;
  alarm_.Set(&load_.queue, absl::ToChronoTime(absl::Now() + pause), this);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks replicas for offers and counts what was delivered.", "budget_load");
  app.add_option("--address", options.addresses, "host:port; once a replica")->required();
  app.add_option("--tenant", options.tenant);
  app.add_option("--placement", options.placement)->required();
  app.add_option("--action", options.action)->required();
  app.add_option("--callers", options.callers);
  app.add_option("--period", options.period);
  app.add_option("--quiet", options.quiet);
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);
  Load load(options);
  load.Run();
  return 0;
}

}  // namespace
}  // namespace waymark

int main(int argc, char** argv) { return waymark::Main(argc, argv); }
