#include "service/batch/threads.h"

#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "service/base/status_macros.h"

namespace waymark::batch {
namespace {

absl::Status Stopping() { return absl::UnavailableError("the service is stopping: another replica goes on from here"); }

}  // namespace

Threads::~Threads() {
  Stop();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Threads::Idle));
}

absl::Status Threads::Admit(const std::string& tenant, int count, const std::shared_ptr<Cancellation>& cancellation) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return Stopping();
  const auto of_tenant = threads_of_.find(tenant);
  const int others = of_tenant == threads_of_.end() ? 0 : of_tenant->second;
  if (threads_ + count > max_threads_ || others + count > max_threads_ / 2) {
    return absl::ResourceExhaustedError("too much batch work is running: wait for some of it");
  }
  threads_ += count;
  threads_of_[tenant] += count;
  running_.push_back(cancellation);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Cancellation>> Threads::Start(const std::string& tenant, int count, Work work) {
  auto cancellation = std::make_shared<Cancellation>();
  WAYMARK_RETURN_IF_ERROR(Admit(tenant, count, cancellation));
  try {
    std::thread([this, tenant, count, cancellation, work = std::move(work)]() mutable {
      work(cancellation);
      work = nullptr;  // what it holds goes before anyone who waits for the thread
      End(tenant, count, cancellation);
    }).detach();
  } catch (const std::system_error&) {
    End(tenant, count, cancellation);
    return absl::ResourceExhaustedError("the system has no thread for batch work");
  }
  return cancellation;
}

void Threads::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  for (const std::shared_ptr<Cancellation>& cancellation : running_) cancellation->Cancel(Stopping());
}

void Threads::End(const std::string& tenant, int count, const std::shared_ptr<Cancellation>& cancellation) {
  absl::MutexLock lock(&mutex_);
  threads_ -= count;
  const auto of_tenant = threads_of_.find(tenant);
  of_tenant->second -= count;
  if (of_tenant->second == 0) threads_of_.erase(of_tenant);
  std::erase(running_, cancellation);
}

}  // namespace waymark::batch
