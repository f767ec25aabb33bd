#include "service/store/redis/connection.h"

#include <utility>

namespace waymark::store {

Connection::Connection(const RedisOptions& options, std::vector<std::string> greeting) : options_(options) {
  cluster_ = std::make_unique<Cluster>(
      loop_.loop(), options_, std::move(greeting),
      Cluster::Events{.on_state = [this](const absl::Status& state) { SetState(state); },
                      .on_size = [this](int64_t keys) { keys_.store(keys, std::memory_order_relaxed); },
                      .on_topology =
                          [this](std::shared_ptr<const Topology> topology) {
                            absl::MutexLock lock(&mutex_);
                            topology_ = std::move(topology);
                          }});
  loop_.Start([this] { return Drain(); });
}

Connection::~Connection() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  loop_.Wake();
  loop_.Join();
}

std::shared_ptr<const Topology> Connection::topology() const {
  absl::MutexLock lock(&mutex_);
  return topology_;
}

void Connection::Send(const Route& route, std::string command, absl::Time deadline, ReplyDone done) {
  auto request = std::make_unique<Request>(route, std::move(command), deadline, std::move(done), loop_.asked_here());
  if (loop_.asked() > options_.max_outstanding) {
    return request->Answer(absl::ResourceExhaustedError("too many requests are waiting for redis"));
  }
  if (loop_.TurnedHere()) return cluster_->Send(std::move(request));
  if (absl::Status refused = Enqueue(request); !refused.ok()) return request->Answer(std::move(refused));
  loop_.Wake();
}

absl::Status Connection::Enqueue(std::unique_ptr<Request>& request) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the store is closing");
  queue_.push_back(std::move(request));
  return absl::OkStatus();
}

bool Connection::Drain() {
  std::vector<std::unique_ptr<Request>> requests;
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    requests.swap(queue_);
    stopping = stopping_;
  }
  if (!std::exchange(started_, true)) cluster_->Start();
  if (stopping && !std::exchange(closed_, true)) cluster_->Close();
  for (auto& request : requests) cluster_->Send(std::move(request));
  cluster_->Flush();
  return !stopping;
}

void Connection::SetState(const absl::Status& state) {
  ready_.store(state.ok(), std::memory_order_relaxed);
  if (state == told_) return;
  told_ = state;
  if (options_.on_state) options_.on_state(state);
}

}  // namespace waymark::store
