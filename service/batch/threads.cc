#include "service/batch/threads.h"

#include <thread>
#include <utility>

#include "absl/status/status.h"

namespace waymark::batch {
namespace {

absl::Status Stopping() { return absl::UnavailableError("the service is stopping: another replica goes on from here"); }

}  // namespace

Threads::~Threads() {
  Stop();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Threads::Idle));
}

absl::StatusOr<std::shared_ptr<Cancellation>> Threads::Start(int count, Work work) {
  auto cancellation = std::make_shared<Cancellation>();
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return Stopping();
    if (threads_ + count > max_threads_) {
      return absl::ResourceExhaustedError("too much batch work is running: wait for some of it");
    }
    threads_ += count;
    running_.push_back(cancellation);
  }
  std::thread([this, count, cancellation, work = std::move(work)]() mutable {
    work(cancellation);
    work = nullptr;  // what it holds goes before anyone who waits for the thread
    End(count, cancellation);
  }).detach();
  return cancellation;
}

void Threads::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  for (const std::shared_ptr<Cancellation>& cancellation : running_) cancellation->Cancel(Stopping());
}

void Threads::End(int count, const std::shared_ptr<Cancellation>& cancellation) {
  absl::MutexLock lock(&mutex_);
  threads_ -= count;
  std::erase(running_, cancellation);
}

}  // namespace waymark::batch
