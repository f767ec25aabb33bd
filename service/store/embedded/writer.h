#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_WRITER_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_WRITER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/store/embedded/bounded_queue.h"
#include "service/store/embedded/database.h"
#include "service/store/embedded/feeds.h"
#include "service/store/embedded/profile_cache.h"

namespace waymark::store {

// One read, change and write.
class WriteRequest {
 public:
  WriteRequest(Family family, std::string key, absl::Time deadline)
      : family(family), key(std::move(key)), deadline(deadline) {}
  virtual ~WriteRequest() = default;

  // What else Change must know of, as the requests before left it. An error ends the request.
  virtual absl::Status Look(const Database&, rocksdb::WriteBatchWithIndex&) { return absl::OkStatus(); }

  // The value to be written, given the one that is there; nullopt writes nothing, and neither does an error.
  virtual absl::StatusOr<absl::optional<std::string>> Change(absl::optional<absl::string_view> current) = 0;

  // Writes to further keys, after Change and whatever it said.
  virtual void ChangeMore(const Database&, rocksdb::WriteBatchWithIndex&) {}

  // What is to be announced of the value that Change said last, in the feed of the key's tenant; nullopt: nothing.
  virtual absl::optional<std::string> Announcement() { return absl::nullopt; }

  // Called once, in the end: OK when all that Change saw and said is on disk.
  virtual void Finish(absl::Status status) = 0;

  const Family family;
  const std::string key;
  const absl::Time deadline;
};

// Writes to the database from one thread. So each request sees what the one before it wrote, and none has to be tried
// again; and what has come in while a batch was on its way to the disk makes the next batch, so that one sync serves
// many callers.
//
// A deadline is looked at when the request is taken up; then the request waits for the disk however long that takes.
//
// After a write failed, requests are answered with the reason until RocksDB takes writes again, which is tried once an
// interval, with or without requests. (What RocksDB holds for fatal, it does not take writes after until the process is
// started again.)
//
// Thread-safe.
class Writer {
 public:
  // `database` and `profiles` must outlive the writer. `counts`: of each tenant's profiles, as they are stored.
  Writer(Database& database, ProfileCache& profiles, absl::flat_hash_map<std::string, int64_t> counts,
         const EmbeddedOptions& options);
  // Finishes the batch on its way, and what waits with UNAVAILABLE. Not to be called from a Finish.
  ~Writer();

  // Never waits. Finish is called on the writer's thread, or on this one where the request is refused.
  void Submit(std::unique_ptr<WriteRequest> request);

  // How many profiles a tenant has.
  int64_t CountOf(absl::string_view tenant) const;

  // Counts what is written of profiles: even where nothing is, odd while something is on its way to the disk. Where it
  // is even, and later still the same, what was read in between is what is stored. Never blocks.
  uint64_t profile_writes() const { return profile_writes_.load(std::memory_order_seq_cst); }

  // For how long the thread has had nothing to write.
  absl::Duration idle_time() const { return queue_.waited(); }

  // Whether the last write came through.
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }

 private:
  using Requests = std::vector<std::unique_ptr<WriteRequest>>;
  struct Batch;

  void Run();
  void Process(Requests requests);
  void Apply(std::unique_ptr<WriteRequest> request, Batch& batch);
  // What is stored under the request's key, or will be once the batch is written.
  absl::Status Current(const WriteRequest& request, Batch& batch, rocksdb::PinnableSlice& value);
  void Commit(Batch& batch);
  void PutCounts(Batch& batch);
  void TryResume();

  Database& database_;
  ProfileCache& profiles_;
  const absl::Duration resume_interval_;
  BoundedQueue<std::unique_ptr<WriteRequest>> queue_;
  std::atomic<bool> healthy_{true};
  std::atomic<uint64_t> profile_writes_{0};
  absl::Status failure_;                           // the writer's thread only: why not healthy
  absl::Time next_resume_ = absl::InfinitePast();  // the writer's thread only
  Feeds feeds_;                                    // the writer's thread only

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, int64_t> counts_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_WRITER_H_
