// Clients that behave: callers who record an event and ask for offers in turn, at a steady pace, over all replicas as
// README tells a client to. For each line on standard input it says in a line of JSON what became of the calls since
// the line before; when standard input ends it waits for what is out, says so of the rest, and ends.

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
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/event.grpc.pb.h"

namespace waymark {
namespace {

struct Options {
  std::vector<std::string> addresses;
  std::string tenant = "shop";
  std::string placement;
  std::string service_config;
  int callers = 8;
  double period = 0.01;  // seconds between a caller's calls
  double deadline = 5.0;
};

// What became of calls. Thread-safe.
class Tally {
 public:
  explicit Tally(int callers) : recorded_(static_cast<size_t>(callers)) {}

  void Add(const grpc::Status& status, absl::Duration latency, int caller, bool event) {
    absl::MutexLock lock(&mutex_);
    if (!status.ok()) {
      if (errors_++ == 0) first_error_ = absl::StrCat(status.error_code(), " ", status.error_message());
      return;
    }
    millis_.push_back(absl::ToDoubleMilliseconds(latency));
    if (event) ++recorded_[static_cast<size_t>(caller)];
  }

  // Says what came since the last time.
  void Tell() {
    absl::MutexLock lock(&mutex_);
    std::sort(millis_.begin(), millis_.end());
    for (char& c : first_error_) {
      if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    std::printf(
        "{\"calls\": %zu, \"errors\": %zu, \"first_error\": \"%s\", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": "
        "%.3f, "
        "\"recorded\": [%s]}\n",
        millis_.size() + errors_, errors_, first_error_.c_str(), Percentile(0.5), Percentile(0.99), Percentile(1),
        absl::StrJoin(recorded_, ", ").c_str());
    std::fflush(stdout);
    millis_.clear();
    errors_ = 0;
    first_error_.clear();
  }

 private:
  double Percentile(double share) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (millis_.empty()) return 0;
    return millis_[static_cast<size_t>(share * static_cast<double>(millis_.size() - 1))];
  }

  absl::Mutex mutex_;
  std::vector<double> millis_ ABSL_GUARDED_BY(mutex_);  // of calls that ended well
  size_t errors_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string first_error_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> recorded_
      ABSL_GUARDED_BY(mutex_);  // events that were acknowledged, by caller, since the beginning
};

// The callers, served by one thread.
class Load {
 public:
  explicit Load(const Options& options) : options(options), tally(options.callers) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    arguments.SetServiceConfigJSON(options.service_config);
    channel = grpc::CreateCustomChannel(absl::StrCat("ipv4:", absl::StrJoin(options.addresses, ",")),
                                        grpc::InsecureChannelCredentials(), arguments);
    events = v1::EventService::NewStub(channel);
    decisions = v1::DecisionService::NewStub(channel);
  }

  const Options& options;
  Tally tally;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::DecisionService::Stub> decisions;
  grpc::CompletionQueue queue;
  std::atomic<bool> ending{false};
};

// One customer's page: an event, a decision, an event, ... A call is planned for every period; one that is late because
// the one before took long counts from when it should have been sent.
class Caller {
 public:
  Caller(Load& load, int number)
      : load_(load), number_(number), customer_(absl::StrCat("steady-", number)), planned_(absl::Now()) {
    planned_ += absl::Seconds(load.options.period) * number / load.options.callers;
    Pause();
  }

  // False: this one has ended.
  bool Happen() {
    if (pausing_) {
      if (load_.ending.load()) return false;
      pausing_ = false;
      Ask();
      return true;
    }
    load_.tally.Add(status_, absl::Now() - planned_, number_, event_);
    event_ = !event_;
    planned_ += absl::Seconds(load_.options.period);
    Pause();
    return true;
  }

 private:
  void Pause() {
    pausing_ = true;
    alarm_.Set(&load_.queue, absl::ToChronoTime(planned_), this);
  }

  void Ask() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(load_.options.deadline)));
    if (event_) {
      v1::RecordEventRequest request;
      request.set_tenant(load_.options.tenant);
      request.set_customer(customer_);
      v1::Event& event = *request.mutable_event();
      event.set_id(absl::StrCat(number_, "-", ++event_number_));
      event.set_type("page_view");
      recording_ = load_.events->AsyncRecordEvent(context_.get(), request, &load_.queue);
      recording_->Finish(&recorded_, &status_, this);
    } else {
      v1::GetOffersRequest request;
      request.mutable_context()->set_tenant(load_.options.tenant);
      request.mutable_context()->set_customer(customer_);
      request.set_placement(load_.options.placement);
      deciding_ = load_.decisions->AsyncGetOffers(context_.get(), request, &load_.queue);
      deciding_->Finish(&decided_, &status_, this);
    }
  }

  Load& load_;
  const int number_;
  const std::string customer_;
  absl::Time planned_;
  bool event_ = true;
  bool pausing_ = false;
  int64_t event_number_ = 0;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::RecordEventResponse>> recording_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetOffersResponse>> deciding_;
  v1::RecordEventResponse recorded_;
  v1::GetOffersResponse decided_;
  grpc::Status status_;
  grpc::Alarm alarm_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks replicas at a steady pace.", "steady_load");
  app.add_option("--address", options.addresses, "host:port; once a replica")->required();
  app.add_option("--tenant", options.tenant);
  app.add_option("--placement", options.placement)->required();
  app.add_option("--service-config", options.service_config, "gRPC's, as JSON")->required();
  app.add_option("--callers", options.callers);
  app.add_option("--period", options.period);
  app.add_option("--deadline", options.deadline);
  CLI11_PARSE(app, argc, argv);
  Load load(options);
  if (!load.channel->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(20)))) return 1;
  std::thread reader([&load] {
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) load.tally.Tell();
    load.ending.store(true);
  });
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < options.callers; ++i) callers.push_back(std::make_unique<Caller>(load, i));
  int live = options.callers;
  void* tag = nullptr;
  bool ok = false;
  while (live > 0 && load.queue.Next(&tag, &ok)) live -= static_cast<Caller*>(tag)->Happen() ? 0 : 1;
  reader.join();
  load.tally.Tell();
  return 0;
}

}  // namespace
}  // namespace waymark

int main(int argc, char** argv) { return waymark::Main(argc, argv); }
