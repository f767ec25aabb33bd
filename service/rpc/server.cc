#include "service/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/rpc/admission.h"
#include "service/rpc/call_observer.h"
#include "service/rpc/health.h"
#include "service/rpc/listener.h"
#include "service/rpc/methods.h"

namespace waymark::rpc {
namespace {

constexpr char kLiveness[] = "liveness";
constexpr char kReadiness[] = "readiness";

// For every server of the process, before the first one.
void PrepareProcess() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Debian builds abseil with its detection of deadlocks, which keeps a graph of all mutexes under one lock: each
    // lock that is taken while another is held pays for it, gRPC's and ours. ThreadSanitizer looks for the same.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  });
}

int Millis(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.max_metadata_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_streams_per_connection);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Millis(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Millis(options.max_connection_idle));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Millis(options.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Millis(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Millis(options.min_client_ping_interval));
  grpc::ResourceQuota quota("waymark");
  quota.Resize(options.max_buffer_bytes);
  builder.SetResourceQuota(quota);
  // Reflection is gRPC's one synchronous service; it needs one thread, and more would take turns with ours at polling.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
}

}  // namespace

// A server with its queues and threads. The order of the members is the order of building; they go the other way round.
class Server::Running {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  Running(std::unique_ptr<Admission> admission, std::unique_ptr<Health> health, std::unique_ptr<Methods> methods,
          std::vector<std::unique_ptr<CallQueue>> queues, std::unique_ptr<Acceptor> acceptor,
          std::unique_ptr<grpc::Server> server, std::unique_ptr<Listener> listener)
      : admission_(std::move(admission)),
        health_(std::move(health)),
        methods_(std::move(methods)),
        queues_(std::move(queues)),
        acceptor_(std::move(acceptor)),
        server_(std::move(server)),
        listener_(std::move(listener)),
        port_(listener_->port()) {}

  void Serve(int armed_calls) {
    health_->Set(kLiveness, true);
    SetReady(false);
    for (const std::unique_ptr<CallQueue>& queue : queues_) {
      for (const std::unique_ptr<Method>& method : methods_->methods()) {
        for (int i = 0; i < armed_calls; ++i) method->Arm(*queue);
      }
      threads_.emplace_back([&queue = *queue] { queue.Run(); });
    }
    listener_->Start([this](int listener, int connection) {
      Acceptor::NewConnectionParameters parameters;
      parameters.listener_fd = listener;
      parameters.fd = connection;
      acceptor_->HandleNewConnection(&parameters);
    });
  }

  void SetReady(bool ready) {
    health_->Set("", ready);
    health_->Set(kReadiness, ready);
  }

  void Drain(absl::Duration patience) {
    SetReady(false);
    if (health_->watched()) absl::SleepFor(patience);
  }

  void Shutdown(absl::Duration grace) {
    if (std::exchange(shut_down_, true)) return;
    listener_->Stop();
    health_->Close();
    methods_->TellOfShutdown();
    server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
    for (const std::unique_ptr<CallQueue>& queue : queues_) queue->Close();
    for (std::thread& thread : threads_) thread.join();
  }

  int port() const { return port_; }

 private:
  const std::unique_ptr<Admission> admission_;  // nullptr: it is another's
  const std::unique_ptr<Health> health_;
  const std::unique_ptr<Methods> methods_;
  const std::vector<std::unique_ptr<CallQueue>> queues_;
  const std::unique_ptr<Acceptor> acceptor_;
  const std::unique_ptr<grpc::Server> server_;  // goes before its queues
  const std::unique_ptr<Listener> listener_;    // goes before the server that it gives to
  const int port_;
  std::vector<std::thread> threads_;
  bool shut_down_ = false;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, std::unique_ptr<Methods> methods) {
  if (options.threads < 1 || options.threads > 64) return absl::InvalidArgumentError("threads: 1 to 64");
  if (options.armed_calls < 1) return absl::InvalidArgumentError("armed_calls: at least 1");
  PrepareProcess();
  absl::StatusOr<std::unique_ptr<Listener>> listener = Listener::Bind(options.address);
  if (!listener.ok()) return listener.status();
  auto health = std::make_unique<Health>();
  health->AddTo(*methods);
  if (options.observer != nullptr) options.observer->Start(methods->served());
  grpc::ServerBuilder builder;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
  SetLimits(options, builder);
  for (const std::unique_ptr<grpc::Service>& service : methods->services()) builder.RegisterService(service.get());
  std::unique_ptr<Admission> own_admission;
  if (options.admission == nullptr) own_admission = std::make_unique<Admission>();
  Admission& admission = options.admission == nullptr ? *own_admission : *options.admission;
  std::vector<std::unique_ptr<CallQueue>> queues;
  queues.reserve(static_cast<size_t>(options.threads));
  for (int i = 0; i < options.threads; ++i) {
    queues.push_back(std::make_unique<CallQueue>(builder.AddCompletionQueue(),
                                                 DeadlineRule{options.default_deadline, options.max_deadline},
                                                 options.observer, admission, i == 0 ? options.store : nullptr));
  }
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    for (const std::unique_ptr<CallQueue>& queue : queues) queue->Abandon();
    return absl::InternalError("gRPC's server does not start");
  }
  auto running =
      std::make_unique<Running>(std::move(own_admission), std::move(health), std::move(methods), std::move(queues),
                                std::move(acceptor), std::move(server), *std::move(listener));
  running->Serve(options.armed_calls);
  return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Server::~Server() { Shutdown(absl::ZeroDuration()); }
int Server::port() const { return running_->port(); }
void Server::SetReady(bool ready) { running_->SetReady(ready); }
void Server::Drain(absl::Duration patience) { running_->Drain(patience); }
void Server::Shutdown(absl::Duration grace) { running_->Shutdown(grace); }

}  // namespace waymark::rpc
