#include "service/rpc/call.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace waymark::rpc {

CallQueue::CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue, DeadlineRule deadlines, CallObserver* observer)
    : queue_(std::move(queue)), deadlines_(deadlines), observer_(observer) {}

CallQueue::~CallQueue() = default;

absl::Time CallQueue::DeadlineOf(const grpc::ServerContext& context, absl::Time now) const {
  const std::chrono::system_clock::time_point asked = context.deadline();
  if (asked == std::chrono::system_clock::time_point::max()) return now + deadlines_.if_none;
  return std::min(absl::FromChrono(asked), now + deadlines_.at_most);
}

void CallQueue::End() {
  if (live_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  absl::MutexLock lock(&mutex_);
  empty_ = true;
}

void CallQueue::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Event*>(tag)->Happen(ok);
}

void CallQueue::Close() {
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&empty_));
  }
  queue_->Shutdown();
}

void CallQueue::Abandon() {
  queue_->Shutdown();
  Run();
}

}  // namespace waymark::rpc
