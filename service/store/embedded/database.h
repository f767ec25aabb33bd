#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_DATABASE_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_DATABASE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "rocksdb/db.h"
#include "rocksdb/utilities/write_batch_with_index.h"
#include "service/store/embedded/embedded_options.h"

namespace waymark::store {

inline rocksdb::Slice SliceOf(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline absl::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// RESOURCE_EXHAUSTED the disk is full, DATA_LOSS the files are damaged, UNAVAILABLE the disk failed. Without RocksDB's
// own words, which may hold keys.
absl::Status StatusOf(const rocksdb::Status& status);

// What is kept apart, each in a column family of its own.
enum class Family { kCounts, kProfiles, kRecords, kChanges, kBudgets, kHolds, kDecisions };

// RocksDB with Waymark's column families and options. Thread-safe; every method may wait for the disk.
class Database {
 public:
  // FAILED_PRECONDITION where a process, this one included, has the directory open already. The directory is created
  // where there is none.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, const EmbeddedOptions& options);
  ~Database();

  // NOT_FOUND where there is none. The value stays in memory as long as `value` is not changed.
  absl::Status Get(Family family, absl::string_view key, rocksdb::PinnableSlice& value) const;

  // As Get, but sees what the batch would write.
  absl::Status GetThrough(rocksdb::WriteBatchWithIndex& batch, Family family, absl::string_view key,
                          rocksdb::PinnableSlice& value) const;

  // Adds to the batch.
  void Put(rocksdb::WriteBatchBase& batch, Family family, absl::string_view key, absl::string_view value) const;

  void Delete(rocksdb::WriteBatchWithIndex& batch, Family family, absl::string_view key) const;

  // On disk when it returns OK: all of the batch, or nothing.
  absl::Status Write(rocksdb::WriteBatchWithIndex& batch);

  // The same, but what is in the machine's memory when it crashes is lost. (What the process wrote outlives the
  // process.)
  absl::Status WriteUnsynced(rocksdb::WriteBatch& batch);

  // Deletes the keys from `first` on and before `last`. Not on disk when it returns: after a crash they may be there.
  absl::Status DeleteRange(Family family, absl::string_view first, absl::string_view last);

  // Makes writing possible again after it failed, where what was in the way is gone.
  absl::Status Resume();

  // Calls `look(key, value)` with the entries from `first` on, ascending, as long as it returns true.
  absl::Status Walk(Family family, absl::string_view first,
                    absl::FunctionRef<bool(absl::string_view key, absl::string_view value)> look) const;

  // The last key before `end`; NOT_FOUND where there is none.
  absl::StatusOr<std::string> LastBefore(Family family, absl::string_view end) const;

  // Calls `look` with the value of each key, the prefix and one of `rests`, in their order; nullopt where there is
  // none. Keys that ascend, and follow one another in the database, cost a step of an iterator each.
  absl::Status GetMany(Family family, absl::string_view prefix, const std::vector<std::string>& rests,
                       absl::FunctionRef<void(absl::optional<absl::string_view> value)> look) const;

 private:
  Database() = default;
  rocksdb::ColumnFamilyHandle* HandleOf(Family family) const { return handles_[static_cast<size_t>(family)]; }

  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // in the order of Family; owned by db_
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_DATABASE_H_
