#include "service/rpc/ingest_stream.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/base/clock.h"
#include "service/base/field_error.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/to_wire.h"

namespace waymark::rpc {
namespace {

using Stream = BidiStream<v1::IngestEventsRequest, v1::IngestEventsResponse>;

// What is recorded at a time: whole batches, as many as fit, and one at least. More would keep calls waiting that are
// served by the same thread.
constexpr size_t kGroupEvents = 500;
// What of a stream was received and not yet answered, when no more is read.
constexpr size_t kWindowEvents = 2000;
// What the store may take for a group.
constexpr absl::Duration kPatience = absl::Seconds(5);

// A batch that was received.
struct Batch {
  uint64_t number = 0;
  RecordBatch events;
  size_t items = 0;  // of the group's request, that are its own

  size_t size() const { return items + events.refused.size(); }
};

// One stream. Batches are received, recorded in groups, one group after the other, and answered; meanwhile the next
// ones are received. So a customer's events stay in order, and what comes while a group is on its way to the store
// makes the next one. Held by what it waits for. Thread-safe.
class Ingestion final : public std::enable_shared_from_this<Ingestion> {
 public:
  Ingestion(engine::Engine& engine, std::shared_ptr<Stream> stream) : engine_(engine), stream_(std::move(stream)) {}

  // Does what is to be done next. To be called where something may have changed; where the thread is the store's, it is
  // kept from recording, which is work for the thread that serves: that one comes by with the answer that was sent.
  void Proceed(bool may_record = true) {
    Next next;
    {
      absl::MutexLock lock(&mutex_);
      next = Choose(may_record);
    }
    if (next.send.has_value()) Send(*next.send);
    if (!next.record.empty()) Record(std::move(next.record));
    if (next.read) Read();
    if (next.finish.has_value()) stream_->Finish(*next.finish);
  }

  // Ends it after what was received.
  void Stop() {
    {
      absl::MutexLock lock(&mutex_);
      End(absl::UnavailableError("the service is stopping; send again what was not answered"));
    }
    Proceed();
  }

 private:
  // What is to be done next, without the lock.
  struct Next {
    bool read = false;
    std::vector<Batch> record;
    absl::optional<v1::IngestEventsResponse> send;
    absl::optional<absl::Status> finish;
  };

  Next Choose(bool may_record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Next next;
    if (!sending_ && !answers_.empty()) {
      sending_ = true;
      next.send = std::move(answers_.front());
      answers_.pop_front();
    }
    if (may_record && !recording_ && !received_.empty()) {
      recording_ = true;
      next.record = TakeGroup();
    }
    if (!reading_ && !end_.has_value() && unanswered_ < kWindowEvents) {
      reading_ = true;
      next.read = true;
    }
    const bool idle = received_.empty() && !recording_ && answers_.empty() && !sending_;
    if (end_.has_value() && idle && !finished_) {
      finished_ = true;
      next.finish = end_;
    }
    return next;
  }

  std::vector<Batch> TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<Batch> group;
    size_t events = 0;
    while (!received_.empty() && (group.empty() || events + received_.front().size() <= kGroupEvents)) {
      events += received_.front().size();
      group.push_back(std::move(received_.front()));
      received_.pop_front();
    }
    return group;
  }

  void Read() {
    stream_->Read(&message_, [self = shared_from_this()](bool read) { self->Received(read); });
  }

  void Received(bool read) {
    absl::StatusOr<Batch> batch = read ? Take() : absl::OutOfRangeError("the client has sent all");
    {
      absl::MutexLock lock(&mutex_);
      reading_ = false;
      if (!batch.ok()) {
        End(read ? batch.status() : absl::OkStatus());
      } else if (!end_.has_value()) {
        unanswered_ += batch->size();
        received_.push_back(*std::move(batch));
      }
    }
    Proceed();
  }

  // The message as a batch.
  absl::StatusOr<Batch> Take() {
    if (message_.number() <= last_number_) {
      return base::FieldError("number", last_number_ == 0 ? "counts from 1" : "not above that of the batch before");
    }
    absl::StatusOr<RecordBatch> events = FromWire(message_.batch());
    if (!events.ok()) return base::UnderField("batch", events.status());
    if (last_number_ == 0) tenant_ = message_.batch().tenant();
    if (message_.batch().tenant() != tenant_) {
      return base::FieldError("batch.tenant", "must be the same in all batches of a stream");
    }
    last_number_ = message_.number();
    const size_t items = events->sound.items.size();
    return Batch{message_.number(), *std::move(events), items};
  }

  void Record(std::vector<Batch> group) {
    engine::RecordRequest request = std::move(group[0].events.sound);
    for (size_t i = 1; i < group.size(); ++i) {
      std::vector<engine::RecordRequest::Item>& items = group[i].events.sound.items;
      request.items.insert(request.items.end(), std::make_move_iterator(items.begin()),
                           std::make_move_iterator(items.end()));
      items.clear();
    }
    const int work = static_cast<int>(request.items.size());
    stream_->BeginWork(work);
    engine_.Record(std::move(request), base::SteadyNow() + kPatience,
                   [self = shared_from_this(), group = std::move(group),
                    work](const absl::StatusOr<engine::RecordAnswer>& answer) {
                     self->stream_->EndWork(work);
                     self->Recorded(group, answer);
                   });
  }

  void Recorded(const std::vector<Batch>& group, const absl::StatusOr<engine::RecordAnswer>& answer) {
    std::deque<v1::IngestEventsResponse> answers;
    size_t items = 0;
    for (const Batch& batch : group) {
      if (!answer.ok()) break;
      v1::IngestEventsResponse& wire = answers.emplace_back();
      wire.set_number(batch.number);
      ToWire(batch.events, absl::MakeConstSpan(answer->items).subspan(items, batch.items), *wire.mutable_result());
      items += batch.items;
    }
    {
      absl::MutexLock lock(&mutex_);
      recording_ = false;
      if (!answer.ok()) {
        End(answer.status());
        received_.clear();
      }
      if (!abandoned_) {
        answers_.insert(answers_.end(), std::make_move_iterator(answers.begin()),
                        std::make_move_iterator(answers.end()));
      }
    }
    Proceed(/*may_record=*/false);
  }

  void Send(const v1::IngestEventsResponse& answer) {
    const v1::RecordEventsResponse& result = answer.result();
    const int events = result.recorded() + result.duplicates() + result.refused_size();
    stream_->Send(answer, [self = shared_from_this(), events = static_cast<size_t>(events)](bool sent) {
      {
        absl::MutexLock lock(&self->mutex_);
        self->sending_ = false;
        self->unanswered_ -= events;
        if (!sent) self->Abandon();
      }
      self->Proceed();
    });
  }

  // The first end counts.
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!end_.has_value()) end_ = status;
  }

  // The client is gone: nobody waits for what was not recorded yet.
  void Abandon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    abandoned_ = true;
    End(absl::CancelledError("the client is gone"));
    received_.clear();
    answers_.clear();
  }

  engine::Engine& engine_;
  const std::shared_ptr<Stream> stream_;
  // Whoever received a message:
  v1::IngestEventsRequest message_;
  std::string tenant_;
  uint64_t last_number_ = 0;

  absl::Mutex mutex_;
  std::deque<Batch> received_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::IngestEventsResponse> answers_ ABSL_GUARDED_BY(mutex_);
  size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;  // events
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool recording_ ABSL_GUARDED_BY(mutex_) = false;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  absl::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

// The streams that run. Thread-safe.
class Ingestions {
 public:
  void Begin(engine::Engine& engine, std::shared_ptr<Stream> stream) {
    auto ingestion = std::make_shared<Ingestion>(engine, std::move(stream));
    {
      absl::MutexLock lock(&mutex_);
      if (begun_++ % kSweep == 0) absl::erase_if(running_, [](const auto& one) { return one.second.expired(); });
      running_[ingestion.get()] = ingestion;
    }
    ingestion->Proceed();
  }

  void Stop() {
    absl::flat_hash_map<const Ingestion*, std::weak_ptr<Ingestion>> running;
    {
      absl::MutexLock lock(&mutex_);
      running.swap(running_);
    }
    for (const auto& [unused, weak] : running) {
      if (const std::shared_ptr<Ingestion> ingestion = weak.lock(); ingestion != nullptr) ingestion->Stop();
    }
  }

 private:
  static constexpr uint64_t kSweep = 64;

  absl::Mutex mutex_;
  uint64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<const Ingestion*, std::weak_ptr<Ingestion>> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

void AddIngestStream(engine::Engine& engine, v1::EventService::AsyncService& service, Methods& methods) {
  auto ingestions = std::make_shared<Ingestions>();
  methods.BidiStream(
      service, &v1::EventService::AsyncService::RequestIngestEvents,
      [&engine, ingestions](const CallContext&, std::shared_ptr<Stream> stream) {
        ingestions->Begin(engine, std::move(stream));
      },
      CallClass::kRecord);
  methods.OnShutdown([ingestions] { ingestions->Stop(); });
}

}  // namespace waymark::rpc
