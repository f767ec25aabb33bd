#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_READER_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_READER_H_

#include <cstddef>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/store/embedded/bounded_queue.h"

namespace waymark::store {

// A thread for what reads too long for a caller's own. Thread-safe.
class Reader {
 public:
  // Told OK when its time has come, or why it will not come: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE when
  // the reader is destroyed.
  using Task = absl::AnyInvocable<void(absl::Status)>;

  explicit Reader(size_t max_queued);
  // Not to be called from a task.
  ~Reader();

  // Never waits. The task is called once, on the reader's thread, or on this one where it is refused.
  void Submit(absl::Time deadline, Task task);

 private:
  struct Request {
    absl::Time deadline;
    Task task;
  };

  void Run();

  BoundedQueue<Request> queue_;
  std::thread thread_;  // last: it uses the queue
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_READER_H_
