#include "service/batch/log_walk.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "service/base/status_macros.h"

namespace waymark::batch {
namespace {

using store::DecisionLog;

// By how much the clocks of the service and of the store may differ.
constexpr absl::Duration kClockSlack = absl::Minutes(5);

// From when on to read, by the store's clock. Where the service's clock was moved, it says nothing of the store's.
absl::StatusOr<absl::Time> ReadFrom(const LogEnvironment& environment, const std::string& tenant, absl::Time since) {
  const auto playbook = environment.playbooks.Current(tenant);
  if (!playbook.ok()) return playbook.status();
  const absl::Duration keep = (*playbook)->keep_decisions;
  if (keep == absl::ZeroDuration()) return absl::FailedPreconditionError("the playbook keeps no decisions");
  const absl::Time now = absl::Now();
  const bool same_clock = absl::AbsDuration(environment.clock.Now() - now) < kClockSlack;
  return std::max(now - keep, same_clock ? since - kClockSlack : absl::InfinitePast());
}

absl::Status WalkShards(const LogEnvironment& environment, const std::string& tenant, int first, int last,
                        absl::Time from, const std::shared_ptr<Cancellation>& cancellation,
                        absl::FunctionRef<void(int shard, store::LogRecord&& record)> look,
                        absl::FunctionRef<absl::Status(const LogProgress&)> after_page) {
  const auto begin = [&](int shard, const std::string& cursor) {
    return Pending<DecisionLog::LogPage>(cancellation, [&](absl::Time deadline, DecisionLog::ReadShardDone done) {
      environment.log.ReadShard(tenant, shard, cursor, from, deadline, std::move(done));
    });
  };
  LogProgress progress;
  int shard = first;
  Pending<DecisionLog::LogPage> next = begin(shard, "");
  while (next.valid()) {
    const int of_shard = shard;
    const absl::StatusOr<DecisionLog::LogPage> page = next.Take();
    if (!page.ok()) return page.status();
    if (!page->next_cursor.empty()) {
      next = begin(shard, page->next_cursor);
    } else if (shard < last) {
      next = begin(++shard, "");
    }
    for (const std::string& bytes : page->entries) {
      absl::StatusOr<store::LogRecord> record = store::DecodeLogRecord(bytes);
      progress.damaged += record.ok() ? 0 : 1;
      if (!record.ok()) continue;
      progress.decisions += absl::holds_alternative<store::LoggedDecision>(*record) ? 1 : 0;
      look(of_shard, *std::move(record));
    }
    const int64_t shards = last - first + 1;
    const int64_t done = std::max(1, shard - first);
    progress.estimated_total = next.valid() ? progress.decisions * shards / done : progress.decisions;
    WAYMARK_RETURN_IF_ERROR(cancellation->status());
    WAYMARK_RETURN_IF_ERROR(after_page(progress));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WalkLog(const LogEnvironment& environment, const std::string& tenant, absl::Time since,
                     const std::shared_ptr<Cancellation>& cancellation,
                     absl::FunctionRef<void(int shard, store::LogRecord&& record)> look,
                     absl::FunctionRef<absl::Status(const LogProgress&)> after_page) {
  const absl::StatusOr<absl::Time> from = ReadFrom(environment, tenant, since);
  if (!from.ok()) return from.status();
  return WalkShards(environment, tenant, 0, store::kLogShards - 1, *from, cancellation, look, after_page);
}

absl::Status WalkLogShard(const LogEnvironment& environment, const std::string& tenant, int shard,
                          const std::shared_ptr<Cancellation>& cancellation,
                          absl::FunctionRef<void(int shard, store::LogRecord&& record)> look) {
  const absl::StatusOr<absl::Time> from = ReadFrom(environment, tenant, absl::InfinitePast());
  if (!from.ok()) return from.status();
  return WalkShards(environment, tenant, shard, shard, *from, cancellation, look,
                    [](const LogProgress&) { return absl::OkStatus(); });
}

}  // namespace waymark::batch
