#include "service/batch/threads.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "service/base/status_macros.h"

namespace waymark::batch {
namespace {

constexpr base::MetricName kThreads = {"waymark_batch_threads", "Threads that do batch work now."};
constexpr base::MetricName kMaxThreads = {"waymark_batch_max_threads", "Threads that may do batch work."};
constexpr base::MetricName kProfiles = {"waymark_resegmented_profiles_total",
                                        "Profiles that re-segmentation derived again here."};

absl::Status Stopping() { return absl::UnavailableError("the service is stopping: another replica goes on from here"); }

}  // namespace

Threads::~Threads() {
  Stop();
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Threads::Idle));
  }
  Join();
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
  Join();
  auto cancellation = std::make_shared<Cancellation>();
  WAYMARK_RETURN_IF_ERROR(Admit(tenant, count, cancellation));
  try {
    absl::MutexLock lock(&mutex_);  // the thread is known before it ends
    std::thread thread([this, tenant, count, cancellation, work = std::move(work)]() mutable {
      work(cancellation);
      work = nullptr;  // what it holds goes before anyone who waits for the thread
      End(tenant, count, cancellation);
    });
    const std::thread::id id = thread.get_id();
    at_work_.emplace(id, std::move(thread));
    return cancellation;
  } catch (const std::system_error&) {
  }
  End(tenant, count, cancellation);
  return absl::ResourceExhaustedError("the system has no thread for batch work");
}

void Threads::Join() {
  std::vector<std::thread> ending;
  {
    absl::MutexLock lock(&mutex_);
    ending.swap(ending_);
  }
  for (std::thread& thread : ending) thread.join();
}

void Threads::CountResegmented(const store::RunCounts& counts) {
  resegmented_.Add(kChanged, static_cast<uint64_t>(counts.changed));
  resegmented_.Add(kDamaged, static_cast<uint64_t>(counts.damaged));
  resegmented_.Add(kUnchanged,
                   static_cast<uint64_t>(std::max<int64_t>(counts.profiles - counts.changed - counts.damaged, 0)));
}

void Threads::Collect(base::MetricWriter& writer) const {
  int threads = 0;
  {
    absl::MutexLock lock(&mutex_);
    threads = threads_;
  }
  writer.WriteGauge(kThreads, {}, threads);
  writer.WriteGauge(kMaxThreads, {}, max_threads_);
  constexpr const char* kResults[] = {"unchanged", "changed", "damaged"};
  for (size_t i = 0; i < kResegmented; ++i) {
    writer.WriteCounter(kProfiles, {{"result", kResults[i]}}, static_cast<double>(resegmented_.value(i)));
  }
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
  if (const auto own = at_work_.find(std::this_thread::get_id()); own != at_work_.end()) {
    ending_.push_back(std::move(own->second));
    at_work_.erase(own);
  }
}

}  // namespace waymark::batch
