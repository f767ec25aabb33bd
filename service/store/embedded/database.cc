#include "service/store/embedded/database.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdarg>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"

namespace waymark::store {
namespace {

// RocksDB writes no log of its own: it may hold keys, and where the disk is full Debian's build ends the process when
// it fails to write to it for the second time (an assertion of WritableFileWriter).
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// As many as a quarter of the process's file descriptors; connections have the rest.
int TablesToHoldOpen() {
  constexpr rlim_t kMost = 1024;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMost;
  return static_cast<int>(std::min(kMost, limit.rlim_cur / 4));
}

rocksdb::DBOptions DatabaseOptions(const EmbeddedOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_total_wal_size = 256 << 20;
  db.max_open_files = TablesToHoldOpen();
  // What follows a damaged place of the write-ahead log is not dropped without a word, as RocksDB would by default: it
  // was acknowledged. An end that was not finished is.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.info_log = std::make_shared<NoLog>();
  if (options.env != nullptr) db.env = options.env;
  return db;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

rocksdb::ReadOptions OnePass() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // what is read once must not push out what is read often
  return options;
}

absl::Status OpenError(const std::string& path, const rocksdb::Status& status) {
  // RocksDB says only in words that another has the lock.
  const std::string words = status.ToString();
  if (status.IsIOError() &&
      (absl::StrContains(words, "lock hold by current process") || absl::StrContains(words, "While lock file"))) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store in ", path, " is in use: only one process at a time may open it"));
  }
  return absl::Status(StatusOf(status).code(), absl::StrCat("cannot open the store in ", path, ": ", words));
}

}  // namespace

absl::Status StatusOf(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) return absl::NotFoundError("no such key");
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) {
    return absl::ResourceExhaustedError("the store's disk is full");
  }
  if (status.IsCorruption()) return absl::DataLossError("the store's files are damaged");
  return absl::UnavailableError("the store's disk failed");
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, const EmbeddedOptions& options) {
  const rocksdb::ColumnFamilyOptions family = FamilyOptions(rocksdb::NewLRUCache(options.block_cache_bytes));
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, family},
                                                                 {"profiles", family},
                                                                 {"records", family},
                                                                 {"changes", family},
                                                                 {"budgets", family},
                                                                 {"holds", family},
                                                                 {"decisions", family}};
  auto database = absl::WrapUnique(new Database);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(DatabaseOptions(options), path, families, &database->handles_, &db);
  database->db_.reset(db);
  if (!status.ok()) return OpenError(path, status);
  return database;
}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
}

absl::Status Database::Get(Family family, absl::string_view key, rocksdb::PinnableSlice& value) const {
  return StatusOf(db_->Get(rocksdb::ReadOptions(), HandleOf(family), SliceOf(key), &value));
}

absl::Status Database::GetThrough(rocksdb::WriteBatchWithIndex& batch, Family family, absl::string_view key,
                                  rocksdb::PinnableSlice& value) const {
  return StatusOf(batch.GetFromBatchAndDB(db_.get(), rocksdb::ReadOptions(), HandleOf(family), SliceOf(key), &value));
}

void Database::Put(rocksdb::WriteBatchBase& batch, Family family, absl::string_view key,
                   absl::string_view value) const {
  batch.Put(HandleOf(family), SliceOf(key), SliceOf(value))
      .PermitUncheckedError();  // fails only above a maximum that is not set
}

void Database::Delete(rocksdb::WriteBatchWithIndex& batch, Family family, absl::string_view key) const {
  batch.Delete(HandleOf(family), SliceOf(key)).PermitUncheckedError();
}

absl::Status Database::Write(rocksdb::WriteBatchWithIndex& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  return StatusOf(db_->Write(options, batch.GetWriteBatch()));
}

absl::Status Database::WriteUnsynced(rocksdb::WriteBatch& batch) {
  return StatusOf(db_->Write(rocksdb::WriteOptions(), &batch));
}

absl::Status Database::DeleteRange(Family family, absl::string_view first, absl::string_view last) {
  return StatusOf(db_->DeleteRange(rocksdb::WriteOptions(), HandleOf(family), SliceOf(first), SliceOf(last)));
}

absl::Status Database::Resume() { return StatusOf(db_->Resume()); }

absl::Status Database::Walk(Family family, absl::string_view first,
                            absl::FunctionRef<bool(absl::string_view key, absl::string_view value)> look) const {
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(OnePass(), HandleOf(family)));
  for (at->Seek(SliceOf(first)); at->Valid(); at->Next()) {
    if (!look(ViewOf(at->key()), ViewOf(at->value()))) break;
  }
  return StatusOf(at->status());
}

absl::StatusOr<std::string> Database::LastBefore(Family family, absl::string_view end) const {
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(OnePass(), HandleOf(family)));
  at->SeekForPrev(SliceOf(end));
  if (at->Valid() && ViewOf(at->key()) == end) at->Prev();
  if (at->Valid()) return at->key().ToString();
  if (!at->status().ok()) return StatusOf(at->status());
  return absl::NotFoundError("no such key");
}

absl::Status Database::GetMany(Family family, absl::string_view prefix, const std::vector<std::string>& rests,
                               absl::FunctionRef<void(absl::optional<absl::string_view> value)> look) const {
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(OnePass(), HandleOf(family)));
  std::string key(prefix);
  for (const std::string& rest : rests) {
    key.resize(prefix.size());
    key.append(rest);
    if (at->Valid()) at->Next();  // to the key, where it follows the one before
    bool found = at->Valid() && ViewOf(at->key()) == key;
    if (!found) {
      at->Seek(key);
      found = at->Valid() && ViewOf(at->key()) == key;
    }
    if (!at->status().ok()) break;
    look(found ? absl::make_optional(ViewOf(at->value())) : absl::nullopt);
  }
  return StatusOf(at->status());
}

}  // namespace waymark::store
