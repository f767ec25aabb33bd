#include "service/store/redis/hedged_reads.h"

#include <algorithm>

#include "service/base/clock.h"

namespace waymark::store {
namespace {

constexpr double kHedgeShare = 0.05;
// So that a pause of a server can be bridged that takes all its reads for a moment.
constexpr double kMaxHedges = 1'000;

// A read is hedged when it has taken twice as long as 95 of 100 do; just those of 100 would use up the hedges while all
// is well.
constexpr double kUsualShare = 0.95;
constexpr int kTimesUsual = 2;
constexpr absl::Duration kUsualAtFirst = absl::Milliseconds(1);  // it rises faster than it falls
constexpr absl::Duration kMinDelay = absl::Milliseconds(1);      // the loop's clock knows no less

}  // namespace

struct HedgedReads::Read {
  std::unique_ptr<Request> request;  // of who waits; nullptr: answered
  const Link* first = nullptr;
  absl::Time begun;
  int out = 0;          // servers that were asked and have not answered
  bool again = false;   // another one was asked, too
  bool hedged = false;  // ... because the first took long
};

HedgedReads::HedgedReads(uv_loop_t* loop, Another another, TokenBucket& repeats, RedisMetrics& metrics)
    : another_(std::move(another)),
      repeats_(repeats),
      metrics_(metrics),
      hedges_(kHedgeShare, kMaxHedges, 0),
      usual_(kUsualShare, kUsualAtFirst) {
  uv_timer_init(loop, &timer_);
  timer_.data = this;
}

void HedgedReads::Send(std::unique_ptr<Request> request, Link& first) {
  hedges_.Earn();
  auto read = std::make_shared<Read>();
  read->request = std::move(request);
  read->first = &first;
  read->begun = base::SteadyNow();
  Ask(read, first);
  if (read->request == nullptr || read->again) return;
  waiting_.emplace_back(read->begun + Delay(), read);
  if (waiting_.size() == 1) Arm();
}

absl::Duration HedgedReads::Delay() const { return std::max(kMinDelay, kTimesUsual * usual_.value()); }

void HedgedReads::Ask(const std::shared_ptr<Read>& read, Link& link) {
  ++read->out;
  // Where it is redirected it goes to the master.
  link.Send(std::make_unique<Request>(
      Route{.slot = read->request->route.slot}, read->request->command, read->request->deadline,
      [this, read, &link](absl::StatusOr<const redisReply*> reply) { Take(read, link, std::move(reply)); }, own_));
}

bool HedgedReads::AskAnother(const std::shared_ptr<Read>& read, TokenBucket& budget, RedisMetrics::Count asked,
                             RedisMetrics::Count refused) {
  Link* another = another_(read->request->route.slot, read->first);
  if (another == nullptr) return false;
  const bool may = budget.TryTake();
  metrics_.Add(may ? asked : refused);
  read->again = may;
  if (may) Ask(read, *another);
  return may;
}

void HedgedReads::Take(const std::shared_ptr<Read>& read, const Link& link, absl::StatusOr<const redisReply*> reply) {
  --read->out;
  if (read->request == nullptr) return;  // the other one was faster
  if (absl::IsUnavailable(reply.status())) {
    if (read->out > 0) return;
    if (!read->again && AskAnother(read, repeats_, RedisMetrics::kRepeated, RedisMetrics::kRepeatsRefused)) return;
  } else {
    const absl::Duration took = base::SteadyNow() - read->begun;
    usual_.Add(read->hedged || !reply.ok() ? true : took > usual_.value());
    if (read->hedged && &link != read->first) metrics_.Add(RedisMetrics::kHedgeWon);
  }
  std::exchange(read->request, nullptr)->Answer(std::move(reply));
}

void HedgedReads::Arm() {
  uv_update_time(timer_.loop);
  const int64_t millis = absl::ToInt64Milliseconds(waiting_.front().first - base::SteadyNow());
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<HedgedReads*>(timer->data)->Ring(); },
      static_cast<uint64_t>(std::max<int64_t>(millis, 0)) + 1, /*repeat=*/0);
}

void HedgedReads::Ring() {
  const absl::Time now = base::SteadyNow();
  while (!waiting_.empty() && waiting_.front().first <= now) {
    const std::shared_ptr<Read> read = waiting_.front().second.lock();
    waiting_.pop_front();
    if (read == nullptr || read->request == nullptr || read->again) continue;
    read->hedged = AskAnother(read, hedges_, RedisMetrics::kHedged, RedisMetrics::kHedgesRefused);
  }
  if (!waiting_.empty()) Arm();
}

void HedgedReads::Close() {
  waiting_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

}  // namespace waymark::store
