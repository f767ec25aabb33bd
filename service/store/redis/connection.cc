#include "service/store/redis/connection.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace waymark::store {

Connection::Connection(const RedisOptions& options, std::vector<std::string> greeting) : options_(options) {
  uv_loop_init(&loop_);
  uv_loop_configure(&loop_, UV_METRICS_IDLE_TIME);
  uv_async_init(&loop_, &wake_, [](uv_async_t* wake) { static_cast<Connection*>(wake->data)->Drain(); });
  wake_.data = this;
  cluster_ = std::make_unique<Cluster>(
      &loop_, options_, std::move(greeting),
      Cluster::Events{.on_state = [this](const absl::Status& state) { SetState(state); },
                      .on_size = [this](int64_t keys) { keys_.store(keys, std::memory_order_relaxed); },
                      .on_topology =
                          [this](std::shared_ptr<const Topology> topology) {
                            absl::MutexLock lock(&mutex_);
                            topology_ = std::move(topology);
                          }});
  thread_ = std::thread([this] { Run(); });
}

Connection::~Connection() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    uv_async_send(&wake_);
  }
  thread_.join();
  uv_loop_close(&loop_);
}

std::shared_ptr<const Topology> Connection::topology() const {
  absl::MutexLock lock(&mutex_);
  return topology_;
}

absl::Duration Connection::idle_time() const {
  return absl::Nanoseconds(uv_metrics_idle_time(const_cast<uv_loop_t*>(&loop_)));
}

void Connection::Send(const Route& route, std::string command, absl::Time deadline, ReplyDone done) {
  auto request = std::make_unique<Request>(route, std::move(command), deadline, std::move(done), outstanding_);
  if (outstanding_.load(std::memory_order_relaxed) > options_.max_outstanding) {
    return request->Answer(absl::ResourceExhaustedError("too many requests are waiting for redis"));
  }
  if (std::this_thread::get_id() == thread_.get_id()) return cluster_->Send(std::move(request));
  if (absl::Status refused = Enqueue(request); !refused.ok()) request->Answer(std::move(refused));
}

absl::Status Connection::Enqueue(std::unique_ptr<Request>& request) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the store is closing");
  queue_.push_back(std::move(request));
  if (queue_.size() == 1) uv_async_send(&wake_);
  return absl::OkStatus();
}

void Connection::Run() {
  // Signals are for the main thread; and writing to a connection that Redis has closed must be an error and no SIGPIPE.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  cluster_->Start();
  uv_run(&loop_, UV_RUN_DEFAULT);  // until Drain has closed everything
}

void Connection::Drain() {
  std::vector<std::unique_ptr<Request>> requests;
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    requests.swap(queue_);
    stopping = stopping_;
  }
  if (stopping) {
    cluster_->Close();
    uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  }
  for (auto& request : requests) cluster_->Send(std::move(request));
  cluster_->Flush();
}

void Connection::SetState(const absl::Status& state) {
  ready_.store(state.ok(), std::memory_order_relaxed);
  if (state == told_) return;
  told_ = state;
  if (options_.on_state) options_.on_state(state);
}

}  // namespace waymark::store
