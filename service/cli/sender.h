#ifndef WAYMARK_SERVICE_CLI_SENDER_H_
#define WAYMARK_SERVICE_CLI_SENDER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/cli/retry.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/profile.pb.h"

namespace waymark::cli {

// The calls that an import makes. Each blocks until it is answered, and is called by several threads at once.
struct ImportTarget {
  std::function<absl::Status(const v1::UpdateProfileRequest&)> update_profile;
  std::function<absl::Status(const v1::RecordEventsRequest&, v1::RecordEventsResponse&)> record_events;
};

// What a line gave.
struct Work {
  std::string file;
  int line = 0;
  std::string customer;
  absl::optional<v1::Profile> profile;
  std::vector<v1::Event> events;
};

// Sends work in batches, several at once, each customer's always in order by the same thread: a batch's profiles first,
// then its events. Calls that find the service away or overloaded (UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED,
// ABORTED) are repeated with growing pauses, for about half a minute; events are idempotent by their ids.
// Thread-compatible; owns its threads.
class Sender {
 public:
  static constexpr int kMaxBatch = 500;  // events, or profiles

  struct Options {
    std::string tenant;
    int workers = 8;
    int attempts = kAttempts;
    std::function<void(absl::Duration)> wait = absl::SleepFor;  // between attempts
  };
  struct Counts {
    int64_t profiles = 0;  // updates, not customers: a customer may have several
    int64_t recorded = 0;
    int64_t duplicates = 0;
    int64_t refused = 0;
  };
  // Told of what the service refused, by file, line and reason; on any thread, one call at a time.
  using Refused = std::function<void(absl::string_view file, int line, absl::string_view reason)>;

  Sender(ImportTarget target, Options options, Refused refused);
  // Drops what was not sent.
  ~Sender();

  // Blocks while the customer's thread has much to do. An error means that sending stopped for good: it is the one of
  // the call that could not be made.
  absl::Status Add(Work work);

  // Waits until everything was sent. To be called once, last.
  absl::Status Finish();

  Counts counts() const;

 private:
  static constexpr size_t kMaxQueue = 2000;

  struct Queue {
    absl::Mutex mutex;
    std::deque<Work> work ABSL_GUARDED_BY(mutex);
    bool closed ABSL_GUARDED_BY(mutex) = false;
    std::thread thread;
  };
  struct Batch;

  void Run(Queue& queue);
  std::vector<Work> Take(Queue& queue);
  absl::Status Send(Batch batch);
  absl::Status SendProfile(const Work& work);
  absl::Status SendEvents(Batch& batch);
  // Repeats `call` while it may help.
  absl::Status Retry(const std::function<absl::Status()>& call);
  void Pause(int attempt);
  void Refuse(const Work& work, absl::string_view reason);
  void Close();

  const ImportTarget target_;
  const Options options_;
  const Refused refused_;
  mutable absl::Mutex mutex_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Queue>> queues_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_SENDER_H_
