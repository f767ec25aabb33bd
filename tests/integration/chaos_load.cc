// Decides and records at a steady pace, whatever the service does (open loop), with deadlines as a page would set them,
// while a test does harm. Prints one JSON object: what became of the calls, in all and by tenths of a second.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "tests/bench/load_generator.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/profile.pb.h"

namespace waymark {
namespace {

struct Options {
  int port = 0;
  std::string tenant = "shop";
  std::string placement;
  std::string limited;   // an action that a limit binds
  bool begin = false;    // with profiles whose trait "name" is the customer's id
  double decisions = 0;  // a second
  double events = 0;     // a second
  double seconds = 1;
  int deadline_millis = 50;
  int customers = 100;
  std::string run = "e";  // begins the ids of the events
};

// Of the calls that were planned for one tenth of a second.
struct Tenth {
  int64_t decisions = 0;
  int64_t failed = 0;  // decisions without an answer
  int64_t profile = 0;
  int64_t degraded = 0;  // the store did not answer, and the decision says so
  int64_t stale = 0;     // ... and was made on what was known before
  int64_t unusable = 0;
  int64_t given = 0;    // the limited action was
  int64_t limited = 0;  // ... although nothing is known of the customer
  int64_t wrong = 0;    // a text with a name that is not the customer's
  int64_t events = 0;
  int64_t recorded = 0;
  int64_t unavailable = 0;  // events, refused as such
};

template <typename Message>
Message Parse(const grpc::ByteBuffer& buffer) {
  Message message;
  grpc::Slice slice;
  if (buffer.DumpToSingleSlice(&slice).ok()) message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  return message;
}

double Quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto nth = values.begin() + static_cast<int64_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

// The decisions of the load, by the thread that takes their answers.
struct Decisions {
  std::map<int64_t, Tenth> tenths;
  std::vector<double> millis;
  std::map<std::string, int64_t> problems;
};

// The events, by the thread that takes theirs.
struct Events {
  std::map<int64_t, Tenth> tenths;
  std::map<std::string, int64_t> problems;
  std::vector<int64_t> recorded;  // by customer
  std::vector<int64_t> unknown;   // by customer: sent, and not acknowledged
};

// Whether the readiness service said that it serves. Whoever is asked says nothing within the time: not ready.
struct Health {
  int64_t ready = 0;
  int64_t not_ready = 0;
};

int64_t TenthOf(absl::Time time) { return absl::ToUnixMillis(time) / 100; }

std::string CustomerOf(int64_t number, const Options& options) { return absl::StrCat("c", number % options.customers); }

void Decide(const Options& options, Decisions& decisions) {
  if (options.decisions <= 0) return;
  bench::Workload workload;
  workload.method = "/waymark.v1.DecisionService/NextBestAction";
  workload.timeout = absl::Milliseconds(options.deadline_millis);
  for (int i = 0; i < options.customers; ++i) {
    v1::NextBestActionRequest request;
    request.mutable_context()->set_tenant(options.tenant);
    request.mutable_context()->set_customer(CustomerOf(i, options));
    request.set_placement(options.placement);
    workload.requests.push_back(bench::Serialize(request));
  }
  workload.on_end = [&](const bench::CallEnd& call) {
    Tenth& tenth = decisions.tenths[TenthOf(call.planned)];
    ++tenth.decisions;
    decisions.millis.push_back(absl::ToDoubleMilliseconds(call.ended - call.planned));
    if (!call.status.ok()) {
      ++tenth.failed;
      ++decisions.problems[absl::StrCat(call.status.error_code(), " ", call.status.error_message())];
      return;
    }
    const auto decision = Parse<v1::NextBestActionResponse>(call.answer).decision();
    tenth.profile += decision.knowledge() == v1::KNOWLEDGE_PROFILE ? 1 : 0;
    const bool stale = decision.knowledge() == v1::KNOWLEDGE_STALE_PROFILE;
    tenth.stale += stale ? 1 : 0;
    tenth.degraded += stale || decision.knowledge() == v1::KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE ? 1 : 0;
    tenth.unusable += decision.knowledge() == v1::KNOWLEDGE_CONTEXT_PROFILE_UNUSABLE ? 1 : 0;
    const std::string customer = CustomerOf(call.number, options);
    for (const v1::DecidedAction& action : decision.actions()) {
      const bool limited = action.action() == options.limited;
      tenth.given += limited ? 1 : 0;
      tenth.limited += limited && decision.knowledge() != v1::KNOWLEDGE_PROFILE ? 1 : 0;
      const std::string& name = action.content().body();
      tenth.wrong += !name.empty() && name != customer && name != "nobody" ? 1 : 0;
    }
  };
  bench::LoadGenerator(options.port, 4)
      .Open(workload, options.decisions, absl::ZeroDuration(), absl::Seconds(options.seconds));
}

void Record(const Options& options, Events& events) {
  events.recorded.resize(static_cast<size_t>(options.customers));
  events.unknown.resize(static_cast<size_t>(options.customers));
  if (options.events <= 0) return;
  bench::Workload workload;
  workload.method = "/waymark.v1.EventService/RecordEvent";
  workload.timeout = absl::Milliseconds(options.deadline_millis);
  // Twice as many as will be sent: none is sent twice.
  for (int64_t i = 0; i < static_cast<int64_t>(2 * options.events * options.seconds) + 100; ++i) {
    v1::RecordEventRequest request;
    request.set_tenant(options.tenant);
    request.set_customer(CustomerOf(i, options));
    request.mutable_event()->set_id(absl::StrCat(options.run, i));
    request.mutable_event()->set_type("purchase");
    workload.requests.push_back(bench::Serialize(request));
  }
  workload.on_end = [&](const bench::CallEnd& call) {
    Tenth& tenth = events.tenths[TenthOf(call.planned)];
    ++tenth.events;
    tenth.recorded += call.status.ok() ? 1 : 0;
    tenth.unavailable += call.status.error_code() == grpc::StatusCode::UNAVAILABLE ? 1 : 0;
    const auto customer = static_cast<size_t>(call.number % options.customers);
    ++(call.status.ok() ? events.recorded : events.unknown)[customer];
    if (!call.status.ok()) {
      ++events.problems[absl::StrCat(call.status.error_code(), " ", call.status.error_message())];
    }
  };
  bench::LoadGenerator(options.port, 2)
      .Open(workload, options.events, absl::ZeroDuration(), absl::Seconds(options.seconds));
}

void AskForHealth(const Options& options, Health& health) {
  bench::Workload workload;
  workload.method = "/grpc.health.v1.Health/Check";
  const std::string readiness = "\x0a\x09readiness";  // HealthCheckRequest{service: "readiness"}
  const grpc::Slice slice(readiness);
  workload.requests.emplace_back(&slice, 1);
  workload.timeout = absl::Seconds(5);
  workload.on_end = [&](const bench::CallEnd& call) {
    const std::string serving = "\x08\x01";  // HealthCheckResponse{status: SERVING}
    grpc::Slice answer;
    const bool is_ready = call.status.ok() && call.answer.DumpToSingleSlice(&answer).ok() &&
                          std::string(answer.begin(), answer.end()) == serving;
    ++(is_ready ? health.ready : health.not_ready);
  };
  bench::LoadGenerator(options.port, 1).Open(workload, 10, absl::ZeroDuration(), absl::Seconds(options.seconds));
}

// False: not all could be written.
bool Begin(const Options& options) {
  bench::Workload workload;
  workload.method = "/waymark.v1.ProfileService/UpdateProfile";
  for (int i = 0; i < options.customers; ++i) {
    v1::UpdateProfileRequest request;
    request.set_tenant(options.tenant);
    request.mutable_profile()->set_customer(CustomerOf(i, options));
    (*request.mutable_profile()->mutable_traits())["name"].set_string_value(CustomerOf(i, options));
    workload.requests.push_back(bench::Serialize(request));
  }
  return bench::LoadGenerator(options.port, 1).Each(workload, 16).errors == 0;
}

nlohmann::json ToJson(int64_t at, const Tenth& tenth) {
  return {{"at", static_cast<double>(at) / 10},
          {"decisions", tenth.decisions},
          {"failed", tenth.failed},
          {"profile", tenth.profile},
          {"degraded", tenth.degraded},
          {"stale", tenth.stale},
          {"unusable", tenth.unusable},
          {"given", tenth.given},
          {"limited", tenth.limited},
          {"wrong", tenth.wrong},
          {"events", tenth.events},
          {"recorded", tenth.recorded},
          {"unavailable", tenth.unavailable}};
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Decides and records at a steady pace.", "chaos_load");
  app.add_option("--port", options.port)->required();
  app.add_option("--tenant", options.tenant);
  app.add_option("--placement", options.placement)->required();
  app.add_option("--limited", options.limited);
  app.add_flag("--begin", options.begin);
  app.add_option("--decisions", options.decisions);
  app.add_option("--events", options.events);
  app.add_option("--seconds", options.seconds);
  app.add_option("--deadline-ms", options.deadline_millis);
  app.add_option("--customers", options.customers)->check(CLI::PositiveNumber);
  app.add_option("--run", options.run);
  CLI11_PARSE(app, argc, argv);
  if (options.begin && !Begin(options)) return 1;
  Decisions decisions;
  Events events;
  Health health;
  std::thread recorder([&] { Record(options, events); });
  std::thread watcher([&] { AskForHealth(options, health); });
  Decide(options, decisions);
  recorder.join();
  watcher.join();
  for (const auto& [at, recorded] : events.tenths) {
    Tenth& tenth = decisions.tenths[at];
    tenth.events = recorded.events;
    tenth.recorded = recorded.recorded;
    tenth.unavailable = recorded.unavailable;
  }
  nlohmann::json told;
  told["tenths"] = nlohmann::json::array();
  for (const auto& [at, tenth] : decisions.tenths) told["tenths"].push_back(ToJson(at, tenth));
  told["late"] = std::count_if(decisions.millis.begin(), decisions.millis.end(),
                               [&](double millis) { return millis > options.deadline_millis + 5; });
  told["ready"] = health.ready;
  told["not_ready"] = health.not_ready;
  told["p50_ms"] = Quantile(decisions.millis, 0.5);
  told["p99_ms"] = Quantile(decisions.millis, 0.99);
  told["max_ms"] = Quantile(decisions.millis, 1);
  told["decision_problems"] = decisions.problems;
  told["event_problems"] = events.problems;
  told["recorded"] = events.recorded;
  told["unknown"] = events.unknown;
  std::printf("%s\n", told.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace waymark

int main(int argc, char** argv) { return waymark::Main(argc, argv); }
