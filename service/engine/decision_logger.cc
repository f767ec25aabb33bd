#include "service/engine/decision_logger.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "service/base/clock.h"
#include "service/base/log.h"

namespace waymark::engine {
namespace {

using store::DecisionLog;

constexpr base::MetricName kWaiting = {"waymark_decision_log_waiting_bytes",
                                       "What waits to be written to the log of decisions, estimated."};
constexpr base::MetricName kRecords = {"waymark_decision_log_records_total",
                                       "Records of decisions and outcomes, by what became of them."};

constexpr absl::Duration kAppendPeriod = absl::Milliseconds(50);
constexpr absl::Duration kRetryPeriod = absl::Milliseconds(500);
constexpr absl::Duration kTrimPeriod = absl::Hours(1);
constexpr absl::Duration kComplaintPeriod = absl::Minutes(1);
constexpr absl::Duration kStoreDeadline = absl::Seconds(5);
constexpr size_t kAppendEntries = 1'000;  // that the store is given at once
// What a record takes while it waits, beside what it holds.
constexpr size_t kRecordBytes = 400;

size_t BytesOf(const store::LogRecord& record) {
  const auto* decision = absl::get_if<store::LoggedDecision>(&record);
  if (decision == nullptr) return kRecordBytes;
  size_t context = decision->request.locale.size();
  for (const segmentation::Trait& key : decision->request.context) {
    context += sizeof(key);
    if (const auto* text = absl::get_if<std::string>(&key.value)) context += text->size();
    if (const auto* list = absl::get_if<std::vector<std::string>>(&key.value)) {
      for (const std::string& each : *list) context += sizeof(std::string) + each.size();
    }
  }
  return kRecordBytes + context + decision->decision_id.size() + decision->customer.size() +
         (decision->profile.has_value() ? decision->profile->size() : 0) + decision->placements.size() * 100;
}

}  // namespace

DecisionLogger::DecisionLogger(DecisionLog& log, const Playbooks& playbooks, const Options& options)
    : log_(log),
      playbooks_(playbooks),
      options_(options),
      next_trim_(base::SteadyNow() + kAppendPeriod),
      worker_([this] { return Tick(); }) {}

DecisionLogger::~DecisionLogger() {
  Flush();
  if (unwritten_.empty()) return;
  size_t left = 0;
  for (const auto& [tenant, entries] : unwritten_) left += entries.size();
  base::LogWarning("records of decisions are lost: the store did not take them", {{"records", left}});
}

void DecisionLogger::Append(absl::string_view tenant, uint64_t key, store::LogRecord record) {
  const size_t bytes = BytesOf(record);
  absl::MutexLock lock(&mutex_);
  if (waiting_bytes_ + bytes > options_.max_waiting_bytes) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back({std::string(tenant), key, std::move(record), bytes});
}

bool DecisionLogger::AwaitRoom(absl::Time deadline) const {
  const auto room = [this]()
                        ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return waiting_bytes_ <= options_.max_waiting_bytes / 2; };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&room), deadline - base::SteadyNow());
}

void DecisionLogger::Flush() {
  absl::Notification done;
  worker_.Post([this, &done] {
    next_try_ = absl::InfinitePast();
    AppendWaiting();
    done.Notify();
  });
  done.WaitForNotification();
}

void DecisionLogger::TrimAll() {
  absl::Notification done;
  worker_.Post([this, &done] {
    for (const std::string& tenant : playbooks_.Tenants()) Trim(tenant);
    done.Notify();
  });
  done.WaitForNotification();
}

absl::Duration DecisionLogger::Tick() {
  AppendWaiting();
  if (base::SteadyNow() >= next_trim_ && playbooks_.Ready()) {
    next_trim_ = base::SteadyNow() + kTrimPeriod;
    for (const std::string& tenant : playbooks_.Tenants()) Trim(tenant);
  }
  return kAppendPeriod;
}

void DecisionLogger::AppendWaiting() {
  if (base::SteadyNow() < next_try_) return;
  std::vector<Waiting> waiting;
  {
    absl::MutexLock lock(&mutex_);
    waiting.swap(waiting_);
  }
  size_t bytes = std::exchange(unwritten_bytes_, 0);
  Batch batch = std::exchange(unwritten_, {});
  for (const Waiting& each : waiting) {
    batch[each.tenant].push_back({each.key, store::EncodeLogRecord(each.record)});
    bytes += each.bytes;
  }
  waiting.clear();
  for (auto& [tenant, entries] : batch) AppendTo(tenant, std::move(entries));
  // What the store did not take goes on waiting, at the size that it has encoded.
  for (const auto& [tenant, entries] : unwritten_) {
    for (const DecisionLog::Entry& entry : entries) unwritten_bytes_ += sizeof(entry) + entry.bytes.size();
  }
  absl::MutexLock lock(&mutex_);
  waiting_bytes_ = waiting_bytes_ - bytes + unwritten_bytes_;
}

void DecisionLogger::AppendTo(const std::string& tenant, std::vector<DecisionLog::Entry> entries) {
  for (size_t first = 0; first < entries.size(); first += kAppendEntries) {
    const auto begin = std::make_move_iterator(entries.begin() + static_cast<std::ptrdiff_t>(first));
    const size_t count = std::min(kAppendEntries, entries.size() - first);
    std::vector<DecisionLog::Entry> part(begin, begin + static_cast<std::ptrdiff_t>(count));
    size_t bytes = 0;
    // One that is too large for the store would be refused for ever.
    const auto too_large = std::remove_if(part.begin(), part.end(), [](const DecisionLog::Entry& entry) {
      return entry.bytes.size() > store::kMaxLogEntryBytes;
    });
    too_large_.fetch_add(part.end() - too_large, std::memory_order_relaxed);
    part.erase(too_large, part.end());
    for (const DecisionLog::Entry& entry : part) bytes += entry.bytes.size();
    DecisionLog::Appended appended;
    absl::Notification answered;
    const size_t given = part.size();
    log_.Append(tenant, std::move(part), base::SteadyNow() + kStoreDeadline, [&](DecisionLog::Appended answer) {
      appended = std::move(answer);
      answered.Notify();
    });
    answered.WaitForNotification();
    TellOfState(appended.status);
    written_.fetch_add(static_cast<int64_t>(given - appended.unwritten.size()), std::memory_order_relaxed);
    if (!appended.status.ok()) next_try_ = base::SteadyNow() + kRetryPeriod;
    auto& unwritten = unwritten_[tenant];
    for (DecisionLog::Entry& entry : appended.unwritten) unwritten.push_back(std::move(entry));
    if (unwritten.empty()) unwritten_.erase(tenant);
    size_t& since_trim = appended_bytes_[tenant];
    since_trim += bytes;
    if (since_trim > options_.max_tenant_bytes / 64) Trim(tenant);
  }
}

void DecisionLogger::Trim(const std::string& tenant) {
  const auto playbook = playbooks_.Current(tenant);
  if (!playbook.ok()) return;
  appended_bytes_[tenant] = 0;
  absl::Status status;
  absl::Notification answered;
  log_.Trim(tenant, absl::Now() - (*playbook)->keep_decisions, options_.max_tenant_bytes,
            base::SteadyNow() + kStoreDeadline, [&](absl::Status answer) {
              status = std::move(answer);
              answered.Notify();
            });
  answered.WaitForNotification();
  TellOfState(status);
}

void DecisionLogger::Collect(base::MetricWriter& writer) const {
  size_t waiting_bytes = 0;
  {
    absl::MutexLock lock(&mutex_);
    waiting_bytes = waiting_bytes_;
  }
  writer.WriteGauge(kWaiting, {}, static_cast<double>(waiting_bytes));
  writer.WriteCounter(kRecords, {{"result", "written"}}, static_cast<double>(written_.load(std::memory_order_relaxed)));
  writer.WriteCounter(kRecords, {{"result", "dropped"}}, static_cast<double>(dropped()));
}

void DecisionLogger::TellOfState(const absl::Status& status) {
  if (!status.ok() && !failing_) {
    base::LogWarning("the log of decisions waits for the store", {{"error", status.message()}});
  }
  failing_ = !status.ok();
  if (!failing_ || base::SteadyNow() >= next_complaint_) TellOfDropped();
}

void DecisionLogger::TellOfDropped() {
  const auto tell = [this](int64_t count, int64_t& told, absl::string_view why) {
    if (count == told) return;
    base::LogWarning(absl::StrCat("records of decisions were dropped: ", why), {{"records", count - told}});
    told = count;
    next_complaint_ = base::SteadyNow() + kComplaintPeriod;
  };
  tell(dropped_.load(std::memory_order_relaxed), dropped_told_, "more waited than may");
  tell(too_large(), too_large_told_, absl::StrCat("each is larger than ", store::kMaxLogEntryBytes / 1024, " KiB"));
}

}  // namespace waymark::engine
