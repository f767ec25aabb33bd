#ifndef WAYMARK_SERVICE_BATCH_WATCHES_H_
#define WAYMARK_SERVICE_BATCH_WATCHES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/worker.h"
#include "service/engine/playbooks.h"
#include "service/store/changes.h"

namespace waymark::batch {

// A change of membership by the names of the segments.
struct NamedChange {
  std::string customer;
  std::vector<std::string> entered;
  std::vector<std::string> left;
  uint64_t playbook_version = 0;
  absl::Time stored_at;
};

struct WatchRequest {
  std::string tenant;
  std::string cursor;                 // empty: from now on; "0": from the oldest change that is kept
  std::vector<std::string> segments;  // only these; empty: all
};

struct WatchOptions {
  absl::Duration poll = absl::Milliseconds(100);     // of a feed that was read to its end
  absl::Duration keep_alive = absl::Seconds(15);     // the longest silence
  absl::Duration store_timeout = absl::Seconds(10);  // of a read
  // What a replica that has not loaded a newer playbook yet gets to do so before a change that was made with it.
  absl::Duration playbook_timeout = absl::Seconds(10);
  int page = 500;                    // changes a message, at most
  size_t message_bytes = 1'000'000;  // beyond which none is added to a message
  int max_watches = 256;             // at once
};

// Those who watch the changes of membership. A watch reads its tenant's feed, waits until what it read was sent, and
// reads on; at its end it looks again after a while. No thread is held by a watch: one serves them all. Thread-safe.
class Watches {
 public:
  // What became of the changes: whether more is wanted.
  using Sent = absl::AnyInvocable<void(bool)>;
  // Takes changes, which may be none, and the cursor after them; calls `sent` once, on any thread.
  using Send = absl::AnyInvocable<void(std::vector<NamedChange>, const std::string& cursor, Sent sent)>;

  // A watch, as its caller holds it. Thread-safe.
  class Handle {
   public:
    virtual ~Handle() = default;
    // Ends it, within the period of the poll.
    virtual void Cancel() = 0;
  };

  // Borrows both.
  Watches(store::ChangeFeed& feed, engine::Playbooks& playbooks, const WatchOptions& options = {});
  // Stops, and waits until all have ended: what they sent must be answered.
  ~Watches();

  // The first message comes at once, so that the caller knows where "now" is. `done` is called exactly once, after the
  // last. Segments that are in none of the playbooks that the watch has seen are left out; a change that was made with
  // a playbook that is newer than the one here waits for that one. Errors: NOT_FOUND no such segment;
  // FAILED_PRECONDITION no playbook; INVALID_ARGUMENT more segments than there are; INVALID_ARGUMENT, OUT_OF_RANGE the
  // cursor (see ChangeFeed); RESOURCE_EXHAUSTED too many watches; UNAVAILABLE the store went away, the newer playbook
  // did not come, or the service stops; CANCELLED.
  std::shared_ptr<Handle> Begin(const WatchRequest& request, Send send, absl::AnyInvocable<void(absl::Status)> done);

  // Ends all, with UNAVAILABLE, and refuses new ones.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Watch;

  absl::Duration Tick();
  // Looks at the feed again for a watch: now, or after a while.
  void GoOn(std::shared_ptr<Watch> watch, bool now);
  bool stopping() const ABSL_LOCKS_EXCLUDED(mutex_);
  // One more, where it may begin.
  absl::Status Admit() ABSL_LOCKS_EXCLUDED(mutex_);
  void End() ABSL_LOCKS_EXCLUDED(mutex_);
  bool Idle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return running_ == 0; }

  store::ChangeFeed& feed_;
  engine::Playbooks& playbooks_;
  const WatchOptions options_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Watch>> waiting_ ABSL_GUARDED_BY(mutex_);  // for the next tick
  base::Worker worker_;                                                  // last: stops before what it uses goes
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_WATCHES_H_
