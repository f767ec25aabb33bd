// waymarkd, the service. The only file that knows every room: it builds the world, waits for a signal, and takes the
// world down.

#include <google/protobuf/stubs/logging.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/log.h"
#include "service/base/state_log.h"
#include "service/base/worker.h"
#include "service/batch/environment.h"
#include "service/batch/fresh_maps.h"
#include "service/batch/log_walk.h"
#include "service/batch/past_playbooks.h"
#include "service/batch/threads.h"
#include "service/batch/watches.h"
#include "service/engine/budgets.h"
#include "service/engine/decision_logger.h"
#include "service/engine/engine.h"
#include "service/engine/playbooks.h"
#include "service/rpc/admission.h"
#include "service/rpc/call_metrics.h"
#include "service/rpc/methods.h"
#include "service/rpc/server.h"
#include "service/rpc/services.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/measured_store.h"
#include "service/store/redis/redis_budget_store.h"
#include "service/store/redis/redis_store.h"
#include "service/web/metrics_server.h"
#include "service/web/process_metrics.h"

namespace waymark {
namespace {

constexpr char kVersion[] = "waymarkd 0.1.0";
constexpr char kVersionNumber[] = "0.1.0";
constexpr char kDefaultMetricsAddress[] = "127.0.0.1:9464";  // the port is that of OpenTelemetry's exporters
constexpr absl::Duration kReadinessPeriod = absl::Milliseconds(20);
// What clients that watch readiness get to send their calls elsewhere, before connections are closed.
constexpr absl::Duration kReadinessGrace = absl::Seconds(2);
// What running streams get to end; unary calls have deadlines.
constexpr absl::Duration kShutdownGrace = absl::Seconds(4);
// What the store gets to take back what was leased of budgets.
constexpr absl::Duration kDrainPatience = absl::Seconds(2);

struct Flags {
  std::string listen = "127.0.0.1:7475";
  std::string store = "embedded:waymark-data";
  int threads = 1;
  store::ReplicaReads replica_reads = store::ReplicaReads::kNever;
  bool wait_for_replica = true;
  int decision_log_mib = 1024;
  std::string clock_start;
  std::string port_file;
  std::string metrics_address;  // empty: the default, where that is free
  std::string metrics_port_file;
  int slow_call_millis = 1000;
  base::LogFormat log_format = base::LogFormat::kText;
};

// One object that keeps profiles, records, changes and decisions, as its interfaces; and who keeps the budgets.
template <typename Store>
store::StoreParts PartsOf(const std::shared_ptr<Store>& store, std::shared_ptr<store::BudgetStore> budgets) {
  return {store, store, store, store, std::move(budgets), [store] { return store->idle_time(); }};
}

// The sets of signals that end the service.
sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

absl::StatusOr<store::Endpoint> ParseEndpoint(absl::string_view address) {
  store::Endpoint endpoint;
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &endpoint.port) ||
      endpoint.port < 1 || endpoint.port > 65535) {
    return absl::InvalidArgumentError("--store redis:HOST:PORT needs a host and a port of 1 to 65535");
  }
  endpoint.host = std::string(address.substr(0, colon));
  return endpoint;
}

// "HOST:PORT", several of them with commas for a cluster, or "unix:PATH".
absl::StatusOr<store::RedisOptions> ParseRedis(absl::string_view address, const Flags& flags) {
  store::RedisOptions options;
  options.replica_reads = flags.replica_reads;
  options.wait_for_replica = flags.wait_for_replica;
  if (const char* password = std::getenv("WAYMARK_REDIS_PASSWORD"); password != nullptr) options.password = password;
  if (absl::ConsumePrefix(&address, "unix:")) {
    if (address.empty()) return absl::InvalidArgumentError("--store redis:unix:PATH needs a path");
    options.unix_socket = std::string(address);
    return options;
  }
  std::vector<store::Endpoint> endpoints;
  for (absl::string_view one : absl::StrSplit(address, ',')) {
    absl::StatusOr<store::Endpoint> endpoint = ParseEndpoint(one);
    if (!endpoint.ok()) return endpoint.status();
    endpoints.push_back(*std::move(endpoint));
  }
  options.host = endpoints[0].host;
  options.port = endpoints[0].port;
  options.other_seeds.assign(endpoints.begin() + 1, endpoints.end());
  return options;
}

void LogRedisState(const absl::Status& state, int64_t changes) {
  std::vector<base::LogField> fields;
  if (!state.ok()) fields.emplace_back("error", state.message());
  if (changes > 1) fields.emplace_back("changes", changes);
  if (state.ok()) {
    base::LogInfo("connected to Redis", fields);
  } else {
    base::LogWarning("Redis is away, trying again", fields);
  }
}

absl::StatusOr<store::StoreParts> OpenStores(const Flags& flags) {
  absl::string_view spec = flags.store;
  if (absl::ConsumePrefix(&spec, "embedded:")) {
    if (spec.empty()) return absl::InvalidArgumentError("--store embedded:DIR needs a directory");
    absl::StatusOr<std::unique_ptr<store::EmbeddedStore>> opened = store::EmbeddedStore::Open(std::string(spec));
    if (!opened.ok()) return opened.status();
    const std::shared_ptr<store::EmbeddedStore> store = *std::move(opened);
    return PartsOf(store, std::shared_ptr<store::BudgetStore>(store, &store->budgets()));
  }
  if (absl::ConsumePrefix(&spec, "redis:")) {
    absl::StatusOr<store::RedisOptions> options = ParseRedis(spec, flags);
    if (!options.ok()) return options.status();
    auto budgets = std::make_shared<store::RedisBudgetStore>(*options);
    options->on_state = [log = std::make_shared<base::StateLog>(LogRedisState)](const absl::Status& state) {
      log->Set(state);
    };
    const auto store = std::make_shared<store::RedisStore>(*options);
    store::StoreParts parts = PartsOf(store, std::move(budgets));
    parts.loop = &store->loop();
    parts.own = options->metrics;
    return parts;
  }
  return absl::InvalidArgumentError("--store is embedded:DIR, redis:HOST:PORT[,HOST:PORT...] or redis:unix:PATH");
}

// The clock's lead over the machine's, so that it begins at `start`.
absl::StatusOr<absl::Duration> ClockOffset(const std::string& start) {
  if (start.empty()) return absl::ZeroDuration();
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, start, &time, &error)) {
    return absl::InvalidArgumentError("--clock-start needs a time such as 2017-03-01T00:00:00Z");
  }
  return time - absl::Now();
}

// Whole or not at all: who waits for the file never reads half of it.
absl::Status WritePort(const std::string& path, int port) {
  if (path.empty()) return absl::OkStatus();
  const std::string draft = path + ".new";
  std::ofstream(draft) << port << '\n';
  if (std::rename(draft.c_str(), path.c_str()) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

// Says that the service is ready once the store answers and the playbooks are read. It stays ready when the store goes
// away later: deciding degrades then, which is better than no answer at all from every replica at once.
class Readiness {
 public:
  Readiness(store::ProfileStore& profiles, const engine::Playbooks& playbooks, rpc::Server& server)
      : profiles_(profiles), playbooks_(playbooks), server_(server), worker_([this] { return Look(); }) {}

 private:
  // Says when to look again.
  absl::Duration Look() {
    if (!profiles_.Ready() || !playbooks_.Ready()) return kReadinessPeriod;
    server_.SetReady(true);
    base::LogInfo("ready");
    return absl::InfiniteDuration();
  }

  store::ProfileStore& profiles_;
  const engine::Playbooks& playbooks_;
  rpc::Server& server_;
  base::Worker worker_;  // last: stops before what it uses goes
};

// nullptr where they are not to be served. Where somebody has the default port, the service does without: it is not its
// first duty, and several services may run on a machine.
absl::StatusOr<std::unique_ptr<web::MetricsServer>> ServeMetrics(const Flags& flags,
                                                                 std::vector<const base::MetricSource*> sources) {
  if (flags.metrics_address == "off") return nullptr;
  const bool by_default = flags.metrics_address.empty();
  absl::StatusOr<std::unique_ptr<web::MetricsServer>> server =
      web::MetricsServer::Start(by_default ? kDefaultMetricsAddress : flags.metrics_address, std::move(sources));
  if (!server.ok() && by_default) {
    base::LogWarning("no metrics (--metrics-address chooses another port)", {{"error", server.status().message()}});
    return nullptr;
  }
  if (!server.ok()) return server.status();
  base::LogInfo("serving metrics", {{"port", (*server)->port()}});
  if (absl::Status status = WritePort(flags.metrics_port_file, (*server)->port()); !status.ok()) return status;
  return server;
}

absl::Status Run(const Flags& flags) {
  absl::StatusOr<absl::Duration> offset = ClockOffset(flags.clock_start);
  if (!offset.ok()) return offset.status();
  const base::SystemClock clock(*offset);
  absl::StatusOr<store::StoreParts> stores = OpenStores(flags);
  if (!stores.ok()) return stores.status();
  store::MeasuredStore store(*std::move(stores));
  store::ProfileStore& profiles = store;
  store::RecordStore& records = store;
  engine::Playbooks playbooks(records, clock);
  engine::DecisionLogger logger(store, playbooks,
                                {.max_tenant_bytes = static_cast<size_t>(flags.decision_log_mib) << 20});
  engine::Budgets budgets(store, clock);
  engine::Engine engine(profiles, playbooks, budgets, clock, &logger);
  batch::Threads batch_threads;
  const batch::Environment batch{profiles, records, playbooks, clock, batch_threads};
  batch::FreshMaps fresh_maps(batch);
  batch::Watches watches(store, playbooks);
  batch::PastPlaybooks past_playbooks(playbooks);
  const batch::LogEnvironment log{store, playbooks, past_playbooks, clock, batch_threads};

  rpc::Admission admission(store.idle_time());
  rpc::ServerOptions options;
  options.admission = &admission;
  options.address = flags.listen;
  options.threads = flags.threads;
  options.store = store.loop();
  rpc::CallMetrics calls({.slow = absl::Milliseconds(flags.slow_call_millis)});
  options.observer = &calls;
  absl::StatusOr<std::unique_ptr<rpc::Server>> server =
      rpc::Server::Start(options, rpc::AllServices(engine, batch, watches, log));
  if (!server.ok()) return server.status();
  base::LogInfo("listening", {{"host", flags.listen.substr(0, flags.listen.rfind(':'))}, {"port", (*server)->port()}});
  const web::ProcessMetrics process(kVersionNumber);
  absl::StatusOr<std::unique_ptr<web::MetricsServer>> metrics = ServeMetrics(
      flags, {&process, &calls, &admission, &engine.metrics(), &store, &playbooks, &budgets, &logger, &batch_threads});
  if (!metrics.ok()) return metrics.status();
  if (absl::Status status = WritePort(flags.port_file, (*server)->port()); !status.ok()) return status;
  {
    const Readiness readiness(profiles, playbooks, **server);
    const sigset_t signals = EndingSignals();
    int signal = 0;
    sigwait(&signals, &signal);
    base::LogInfo("finishing", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    // A second one ends the process at once.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  }
  (*server)->Drain(kReadinessGrace);
  // What takes as long as it takes ends, so that its clients go on with another replica.
  watches.Stop();
  fresh_maps.Stop();
  batch_threads.Stop();
  (*server)->Shutdown(kShutdownGrace);
  server->reset();
  budgets.Drain(base::SteadyNow() + kDrainPatience);
  base::LogInfo("stopped");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app("Waymark: answers over gRPC what to do next for a customer.", "waymarkd");
  Flags flags;
  app.add_option("--listen", flags.listen, "HOST:PORT to serve on; port 0 chooses a free one")->capture_default_str();
  app.add_option("--store", flags.store,
                 "embedded:DIR, redis:HOST:PORT[,HOST:PORT...] (of a cluster, some of its servers) or redis:unix:PATH "
                 "(password: "
                 "$WAYMARK_REDIS_PASSWORD)")
      ->capture_default_str();
  app.add_option("--redis-replica-reads", flags.replica_reads,
                 "of a cluster: whether decisions may read profiles from replicas, a moment behind their masters")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, store::ReplicaReads>{{"never", store::ReplicaReads::kNever},
                                                     {"master-away", store::ReplicaReads::kMasterAway},
                                                     {"spread", store::ReplicaReads::kSpread}}))
      ->default_str("never");
  app.add_flag(
      "--redis-wait,!--no-redis-wait", flags.wait_for_replica,
      "of a cluster: acknowledge what is written once a replica has it, so that it outlives its master (default)");
  app.add_option("--threads", flags.threads, "threads that serve calls")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--decision-log-mib", flags.decision_log_mib,
                 "what the log of a tenant's decisions may take in the store")
      ->check(CLI::Range(1, 1024 * 1024))
      ->capture_default_str();
  app.add_option("--clock-start", flags.clock_start,
                 "the service's clock begins at this time (RFC 3339): for trying data of the past");
  app.add_option("--port-file", flags.port_file, "writes the port to this file once it listens");
  app.add_option(
      "--metrics-address", flags.metrics_address,
      absl::StrCat("IP:PORT to serve Prometheus's /metrics on over HTTP; port 0 chooses a free one; off: nowhere [",
                   kDefaultMetricsAddress, ", where that is free]"));
  app.add_option("--metrics-port-file", flags.metrics_port_file, "the same for the port of the metrics");
  app.add_option("--slow-call-ms", flags.slow_call_millis, "a call that takes so long gets a line in the log")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  app.add_option("--log-format", flags.log_format, "text, or json: one object a line")
      ->transform(CLI::Transformer(
          std::map<std::string, base::LogFormat>{{"text", base::LogFormat::kText}, {"json", base::LogFormat::kJson}}));
  app.set_version_flag("--version", kVersion);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  base::SetLogFormat(flags.log_format);
  google::protobuf::SetLogHandler(nullptr);  // a client that sends what is no message is told, and writes no lines here
  // Before there are threads: they inherit it, so the signals wait for sigwait.
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a limit of files is an error of the write, not the end
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  std::cerr << "waymarkd: " << status.message() << '\n';
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace
}  // namespace waymark

int main(int argc, char** argv) { return waymark::Main(argc, argv); }
