#include "service/rpc/admission.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace waymark::rpc {
namespace {

constexpr base::MetricName kLimit = {"waymark_rpc_concurrency_limit", "Calls that may be under way at once."};
constexpr base::MetricName kRefused = {"waymark_rpc_calls_refused_total",
                                       "Calls that were refused because too many were under way."};

// What each class may use of the limit.
constexpr std::array<double, kCallClasses> kShares = {1, 1, 0.25, 0.125};
constexpr std::array<const char*, kCallClasses> kNames = {"always", "decide", "record", "batch"};

// A thread that idles for less than this of a window has work all the time; for more than that, it is at ease.
constexpr double kBusy = 0.05;
constexpr double kAtEase = 0.25;

size_t IndexOf(CallClass of) { return static_cast<size_t>(of); }

int RoomOf(CallClass of, int limit) { return static_cast<int>(limit * kShares[IndexOf(of)]); }

void RaiseTo(std::atomic<int>& value, int to) {
  int seen = value.load(std::memory_order_relaxed);
  while (to > seen && !value.compare_exchange_weak(seen, to, std::memory_order_relaxed)) {
  }
}

}  // namespace

void ConcurrencyLimit::Learn(const Window& window) {
  const int in_time = static_cast<int>(window.answered_a_second * absl::ToDoubleSeconds(kTarget));
  const bool busy = window.idle_share < kBusy;
  if (busy && window.refused) {
    calls = std::max({kFlooded, in_time, std::min(calls, kMin) * 7 / 8});
  } else if (busy) {
    calls = std::min(std::max(in_time, kMin), 2 * calls);
  } else if (window.refused && window.idle_share < kAtEase) {
    calls += calls / 8;
  } else if (window.most_at_once >= RoomOf(CallClass::kBatch, calls)) {
    calls *= 2;
  }
  calls = std::min(calls, kMax);
}

int Admission::UnderWay(CallClass of) const {
  int calls = 0;
  for (size_t i = 0; i <= IndexOf(of); ++i) calls += under_way_[i].load(std::memory_order_relaxed);
  return calls;
}

bool Admission::Begin(CallClass of) {
  under_way_[IndexOf(of)].fetch_add(1, std::memory_order_relaxed);
  const int calls = UnderWay(of);
  if (of != CallClass::kAlways && calls > RoomOf(of, limit())) {
    under_way_[IndexOf(of)].fetch_sub(1, std::memory_order_relaxed);
    refused_.Add(IndexOf(of));
    if (of == CallClass::kDecide) refusing_.store(true, std::memory_order_relaxed);
    return false;
  }
  RaiseTo(most_, calls);
  return true;
}

void Admission::End(CallClass of) {
  under_way_[IndexOf(of)].fetch_sub(1, std::memory_order_relaxed);
  answered_.fetch_add(1, std::memory_order_relaxed);
}

bool Admission::MayBegin(CallClass of) {
  if (of == CallClass::kAlways || UnderWay(of) < RoomOf(of, limit())) return true;
  refused_.Add(IndexOf(of));
  return false;
}

int Admission::WorkRoom(CallClass of) const {
  if (of == CallClass::kAlways || of == CallClass::kDecide) return std::numeric_limits<int>::max();
  return std::max(ConcurrencyLimit::kMin, RoomOf(of, limit()));
}

void Admission::Turned(absl::Time now, absl::Duration idle) {
  if (idle > absl::ZeroDuration()) idle_.fetch_add(absl::ToInt64Nanoseconds(idle), std::memory_order_relaxed);
  if (absl::ToUnixNanos(now) < end_.load(std::memory_order_relaxed)) return;
  absl::MutexLock lock(&mutex_);
  if (absl::ToUnixNanos(now) >= end_.load(std::memory_order_relaxed)) EndWindow(now);
}

void Admission::EndWindow(absl::Time now) {
  const absl::Duration length = now - std::exchange(began_, now);
  end_.store(absl::ToUnixNanos(now + kWindow), std::memory_order_relaxed);
  const absl::Duration store_now = store_idle_ ? store_idle_() : absl::ZeroDuration();
  const absl::Duration store_idle = store_now - std::exchange(store_idle_before_, store_now);
  const absl::Duration idle = absl::Nanoseconds(idle_.exchange(0, std::memory_order_relaxed));
  const bool refused = refusing_.exchange(false, std::memory_order_relaxed);
  const int answered = answered_.exchange(0, std::memory_order_relaxed);
  const int most = most_.exchange(UnderWay(CallClass::kBatch), std::memory_order_relaxed);
  // The thread stood still: that says nothing of the calls.
  if (length > 2 * kWindow && idle < kBusy * length) return;
  learned_.Learn({.idle_share = absl::FDivDuration(store_idle_ ? std::min(idle, store_idle) : idle, length),
                  .refused = refused,
                  .answered_a_second = answered / absl::ToDoubleSeconds(length),
                  .most_at_once = most});
  limit_.store(learned_.calls, std::memory_order_relaxed);
}

void Admission::Collect(base::MetricWriter& writer) const {
  writer.WriteGauge(kLimit, {}, limit());
  for (size_t i = IndexOf(CallClass::kDecide); i < kCallClasses; ++i) {
    writer.WriteCounter(kRefused, {{"class", kNames[i]}}, static_cast<double>(refused_.value(i)));
  }
}

}  // namespace waymark::rpc
