#include "tests/support/fake_decision_log.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/store/names.h"

namespace waymark::testing_support {
namespace {

constexpr size_t kPage = 2;

}  // namespace

absl::Status FakeDecisionLog::Check(absl::string_view tenant, absl::Time deadline) const {
  if (absl::Status status = store::CheckTenant(tenant); !status.ok()) return status;
  if (absl::Now() > deadline) return absl::DeadlineExceededError("too late");
  return failure_;
}

void FakeDecisionLog::Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline,
                             AppendDone done) {
  Appended appended;
  {
    absl::MutexLock lock(&mutex_);
    appended.status = Check(tenant, deadline);
    if (appended.status.ok()) {
      for (Entry& entry : entries) {
        shards_[{std::string(tenant), store::LogShardOf(entry.key)}].push_back(
            {absl::Now(), ++last_number_, std::move(entry.bytes)});
      }
    } else {
      appended.unwritten = std::move(entries);
    }
  }
  done(std::move(appended));
}

void FakeDecisionLog::ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since,
                                absl::Time deadline, ReadShardDone done) {
  LogPage page;
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    status = Check(tenant, deadline);
    uint64_t after = 0;
    if (!cursor.empty() && !absl::SimpleAtoi(cursor, &after)) status = absl::InvalidArgumentError("not a cursor");
    uint64_t last = 0;
    for (const Kept& kept : shards_[{std::string(tenant), shard}]) {
      if (kept.number <= after || kept.at < since) continue;
      if (page.entries.size() == kPage) {
        page.next_cursor = absl::StrCat(last);
        break;
      }
      page.entries.push_back(kept.bytes);
      last = kept.number;
    }
  }
  if (!status.ok()) return done(std::move(status));
  done(std::move(page));
}

void FakeDecisionLog::Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
                           TrimDone done) {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    status = Check(tenant, deadline);
    for (auto& [key, shard] : shards_) {
      if (!status.ok() || key.first != tenant) continue;
      size_t bytes = 0;
      for (const Kept& kept : shard) bytes += kept.bytes.size();
      const size_t bound = max_bytes / store::kLogShards;
      const size_t target = bytes > bound ? bound - bound / 8 : bound;
      while (!shard.empty() && (shard.front().at < not_before || bytes > target)) {
        bytes -= shard.front().bytes.size();
        shard.pop_front();
      }
    }
  }
  done(std::move(status));
}

void FakeDecisionLog::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

void FakeDecisionLog::ChangeBytes(absl::string_view tenant, const std::function<std::string(std::string)>& change) {
  absl::MutexLock lock(&mutex_);
  for (auto& [key, shard] : shards_) {
    if (key.first != tenant) continue;
    for (Kept& kept : shard) kept.bytes = change(std::move(kept.bytes));
  }
}

size_t FakeDecisionLog::size(absl::string_view tenant) const {
  absl::MutexLock lock(&mutex_);
  size_t size = 0;
  for (const auto& [key, shard] : shards_) size += key.first == tenant ? shard.size() : 0;
  return size;
}

}  // namespace waymark::testing_support
