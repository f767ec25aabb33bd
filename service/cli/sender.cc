#include "service/cli/sender.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "service/cli/retry.h"

namespace waymark::cli {
// Some work and its events as one request; origins[i] is the work that event i came from.
struct Sender::Batch {
  std::vector<Work> work;
  v1::RecordEventsRequest request;
  std::vector<size_t> origins;
};

Sender::Sender(ImportTarget target, Options options, Refused refused)
    : target_(std::move(target)), options_(std::move(options)), refused_(std::move(refused)) {
  for (int i = 0; i < std::max(options_.workers, 1); ++i) queues_.push_back(std::make_unique<Queue>());
  for (const std::unique_ptr<Queue>& queue : queues_) {
    queue->thread = std::thread([this, q = queue.get()] { Run(*q); });
  }
}

Sender::~Sender() {
  for (const std::unique_ptr<Queue>& queue : queues_) {
    absl::MutexLock lock(&queue->mutex);
    queue->work.clear();
  }
  Close();
}

void Sender::Close() {
  for (const std::unique_ptr<Queue>& queue : queues_) {
    absl::MutexLock lock(&queue->mutex);
    queue->closed = true;
  }
  for (const std::unique_ptr<Queue>& queue : queues_) {
    if (queue->thread.joinable()) queue->thread.join();
  }
}

absl::Status Sender::Add(Work work) {
  {
    absl::MutexLock lock(&mutex_);
    if (!failure_.ok()) return failure_;
  }
  Queue& queue = *queues_[absl::HashOf(work.customer) % queues_.size()];
  const auto has_room = [&queue]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue.mutex) { return queue.work.size() < kMaxQueue; };
  absl::MutexLock lock(&queue.mutex, absl::Condition(&has_room));
  queue.work.push_back(std::move(work));
  return absl::OkStatus();
}

absl::Status Sender::Finish() {
  Close();
  absl::MutexLock lock(&mutex_);
  return failure_;
}

Sender::Counts Sender::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

// What is there, up to a batch, as soon as there is a batch or no more will come.
std::vector<Work> Sender::Take(Queue& queue) {
  const auto has_work = [&queue]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue.mutex) {
    return queue.closed || queue.work.size() >= kMaxBatch;
  };
  absl::MutexLock lock(&queue.mutex, absl::Condition(&has_work));
  std::vector<Work> taken;
  size_t events = 0;
  while (!queue.work.empty() && taken.size() < kMaxBatch) {
    events += queue.work.front().events.size();
    if (events > kMaxBatch && !taken.empty()) break;
    taken.push_back(std::move(queue.work.front()));
    queue.work.pop_front();
  }
  return taken;
}

void Sender::Run(Queue& queue) {
  while (true) {
    Batch batch;
    batch.work = Take(queue);
    if (batch.work.empty()) return;
    {
      absl::MutexLock lock(&mutex_);
      if (!failure_.ok()) continue;  // goes on taking, so that nobody waits for room
    }
    const absl::Status status = Send(std::move(batch));
    if (status.ok()) continue;
    absl::MutexLock lock(&mutex_);
    if (failure_.ok()) failure_ = status;
  }
}

absl::Status Sender::Send(Batch batch) {
  batch.request.set_tenant(options_.tenant);
  for (size_t i = 0; i < batch.work.size(); ++i) {
    Work& work = batch.work[i];
    if (work.profile.has_value()) {
      absl::Status status = SendProfile(work);
      if (!status.ok()) return status;
    }
    for (v1::Event& event : work.events) {
      v1::CustomerEvent& element = *batch.request.add_events();
      element.set_customer(work.customer);
      *element.mutable_event() = std::move(event);
      batch.origins.push_back(i);
    }
  }
  return SendEvents(batch);
}

absl::Status Sender::SendProfile(const Work& work) {
  v1::UpdateProfileRequest request;
  request.set_tenant(options_.tenant);
  *request.mutable_profile() = *work.profile;
  request.mutable_profile()->set_customer(work.customer);
  absl::Status status = Retry([&] { return target_.update_profile(request); });
  if (absl::IsInvalidArgument(status) || absl::IsDataLoss(status)) {
    Refuse(work, status.message());
    return absl::OkStatus();
  }
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  ++counts_.profiles;
  return absl::OkStatus();
}

// Sends the batch's events, and again those that the store could not take for the moment.
absl::Status Sender::SendEvents(Batch& batch) {
  for (int attempt = 1; batch.request.events_size() > 0; ++attempt) {
    v1::RecordEventsResponse response;
    absl::Status status = Retry([&] {
      response.Clear();
      return target_.record_events(batch.request, response);
    });
    if (!status.ok()) return status;
    {
      absl::MutexLock lock(&mutex_);
      counts_.recorded += response.recorded();
      counts_.duplicates += response.duplicates();
    }
    Batch again;
    again.request.set_tenant(options_.tenant);
    for (const v1::RefusedEvent& refused : response.refused()) {
      if (refused.index() < 0 || refused.index() >= batch.request.events_size()) {
        return absl::InternalError("the service refused an event that it was not sent");
      }
      const size_t origin = batch.origins[static_cast<size_t>(refused.index())];
      if (!refused.retry()) {
        Refuse(batch.work[origin], absl::StrCat(refused.problem().field(), ": ", refused.problem().message()));
        continue;
      }
      if (attempt >= options_.attempts) return absl::UnavailableError(refused.problem().message());
      again.request.mutable_events()->Add(std::move(*batch.request.mutable_events(refused.index())));
      again.origins.push_back(origin);
    }
    batch.request.Swap(&again.request);
    batch.origins.swap(again.origins);
    if (batch.request.events_size() > 0) Pause(attempt);
  }
  return absl::OkStatus();
}

absl::Status Sender::Retry(const std::function<absl::Status()>& call) {
  for (int attempt = 1;; ++attempt) {
    absl::Status status = call();
    if (status.ok() || !MayHelpToRepeat(status) || attempt >= options_.attempts) return status;
    Pause(attempt);
  }
}

void Sender::Pause(int attempt) { options_.wait(PauseAfter(attempt)); }

void Sender::Refuse(const Work& work, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  ++counts_.refused;
  if (refused_) refused_(work.file, work.line, reason);
}

}  // namespace waymark::cli
