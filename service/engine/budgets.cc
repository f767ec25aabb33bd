#include "service/engine/budgets.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "service/base/clock.h"
#include "service/base/ids.h"

namespace waymark::engine {
namespace {

constexpr base::MetricName kLeases = {"waymark_budget_leases", "Accounts of budgets that this replica knows."};
constexpr base::MetricName kLeasedUnits = {"waymark_budget_leased_units", "Units that are leased and not yet taken."};
constexpr base::MetricName kAsking = {"waymark_budget_requests_in_flight", "Requests of leases that are not answered."};
constexpr base::MetricName kLeaseRequests = {"waymark_budget_lease_requests_total",
                                             "Requests for units, by the store's answer."};
constexpr base::MetricName kUnits = {"waymark_budget_units_total", "Units that decisions took, and put back."};
constexpr base::MetricName kFetches = {"waymark_budget_fetches_total",
                                       "Decisions that had to wait for the store because nothing was leased."};

// For how long a lease is to last.
constexpr absl::Duration kHorizon = absl::Milliseconds(20);
// Over how long the demand is averaged.
constexpr absl::Duration kMemory = absl::Milliseconds(100);
constexpr int64_t kMaxLease = 10'000;
// For how long it is believed that nothing is left, or that the store is away.
constexpr absl::Duration kUsedUpFor = absl::Milliseconds(200);
constexpr absl::Duration kUnknownFor = absl::Milliseconds(100);
constexpr absl::Duration kStoreDeadline = absl::Seconds(1);

constexpr absl::Duration kTendPeriod = absl::Milliseconds(100);
constexpr absl::Duration kIdle = absl::Milliseconds(250);
constexpr absl::Duration kTellPeriod = absl::Seconds(1);
// Less than the stores' kHolderSilence by more than a call takes.
constexpr absl::Duration kForgetAfter = absl::Minutes(5);

}  // namespace

// Who waits for leases. Guarded by the mutex of Budgets.
struct BudgetWaiter {
  int left = 0;        // answers that it waits for
  Budgets::Done done;  // nullptr: it was called
  std::multimap<absl::Time, std::shared_ptr<BudgetWaiter>>::iterator place;
};

// What is leased from one account. Guarded by the mutex of Budgets; the key and the holder are constant.
class BudgetLease {
 public:
  BudgetLease(store::BudgetKey key, absl::Time now) : key(std::move(key)), holder(base::NewId()), heard(now) {}

  int64_t units() const { return granted - delivered; }
  // How many there should be.
  int64_t Target() const {
    return std::min(kMaxLease, static_cast<int64_t>(per_second * absl::ToDoubleSeconds(kHorizon)));
  }

  const store::BudgetKey key;
  const std::string holder;
  int64_t number = 0;     // of the last request
  int64_t amount = -1;    // that it was asked with; -1: never
  int64_t granted = 0;    // that this process answers for
  int64_t delivered = 0;  // of these
  int64_t told = 0;       // of these, the store knows
  bool asking = false;
  bool unsure = false;  // the last request was not answered: the store may think that this process has more
  std::vector<std::shared_ptr<BudgetWaiter>> waiting;
  int64_t needed = 0;                          // by those who wait
  std::vector<store::HoldRequest> unresolved;  // of which it is not known whether they are held
  absl::Time used_up_until = absl::InfinitePast();
  absl::Time unknown_until = absl::InfinitePast();
  absl::Time heard;                         // the store's last answer
  absl::Time used = absl::InfinitePast();   // when a unit was last taken
  absl::Time asked = absl::InfinitePast();  // the last request
  int64_t taken_since = 0;                  // units, since the last answer
  double per_second = 0;
};

int64_t PeriodOf(const playbook::Budget& budget, const absl::TimeZone& zone, absl::Time now) {
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  absl::CivilDay first = today;
  switch (budget.period) {
    case playbook::Period::kNone:
      return 0;
    case playbook::Period::kDay:
      break;
    case playbook::Period::kWeek:
      first = absl::PrevWeekday(today + 1, absl::Weekday::monday);
      break;
    case playbook::Period::kMonth:
      first = absl::CivilDay(absl::CivilMonth(today));
      break;
  }
  return std::max<int64_t>(absl::ToUnixSeconds(absl::FromCivil(first, zone)), 1);
}

std::string HoldKeyOf(uint64_t customer, uint64_t decision, segmentation::NameId action) {
  return absl::StrFormat("%016x%016x%08x", customer, decision, static_cast<uint32_t>(action));
}

Budgets::Budgets(store::BudgetStore& store, const base::Clock& clock)
    : store_(store), clock_(clock), worker_([this] { return Tend(); }) {}

Budgets::~Budgets() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  mutex_.Await(absl::Condition(this, &Budgets::NoneAsking));
}

Budgets::LeasePointer& Budgets::LeaseOf(const BudgetAsk& ask, int index) {
  const playbook::Budget& budget = ask.playbook.budgets[static_cast<size_t>(index)];
  const int64_t period = PeriodOf(budget, ask.playbook.time_zone, ask.now);
  LeasePointer& lease = leases_[Key(std::string(ask.tenant), budget.name, period)];
  if (lease == nullptr) {
    lease = std::make_shared<BudgetLease>(store::BudgetKey{std::string(ask.tenant), budget.name, period}, clock_.Now());
  }
  return lease;
}

int8_t Budgets::UnitsOf(const BudgetLease& lease, const playbook::Budget& budget, int most, bool& known) const {
  const absl::Time now = clock_.Now();
  // With another amount than before, the store is asked how much of that is left.
  const bool same = lease.amount == budget.amount;
  const int64_t units = same ? std::min<int64_t>(lease.units(), INT8_MAX) : 0;
  const bool away = draining_ || now < lease.unknown_until;
  const bool used_up = same && now < lease.used_up_until;
  known = units >= std::min<int64_t>(most, INT8_MAX) || away || used_up;
  return units > 0 || used_up ? static_cast<int8_t>(units) : decision::kBudgetUnknown;
}

bool Budgets::Look(const BudgetAsk& ask, const std::vector<NeededBudget>& needed, std::vector<int8_t>& units) {
  units.assign(ask.playbook.budgets.size(), decision::kBudgetUnknown);
  bool all_known = true;
  absl::MutexLock lock(&mutex_);
  for (const NeededBudget& need : needed) {
    const size_t index = static_cast<size_t>(need.budget);
    bool known = false;
    units[index] = UnitsOf(*LeaseOf(ask, need.budget), ask.playbook.budgets[index], need.most, known);
    all_known = all_known && known;
  }
  return all_known;
}

store::LeaseRequest Budgets::Begin(BudgetLease& lease, int64_t amount, int64_t wanted) {
  // Of another amount nothing may be left: what is leased goes back, and is asked for anew.
  if (lease.amount != amount) lease.granted = lease.delivered;
  lease.amount = amount;
  lease.asking = true;
  lease.asked = clock_.Now();
  ++asking_;
  return {.holder = lease.holder,
          .number = ++lease.number,
          .amount = amount,
          .granted = lease.granted,
          .delivered = lease.delivered,
          .wanted = wanted};
}

void Budgets::Fetch(const BudgetAsk& ask, const std::vector<NeededBudget>& needed, absl::Time deadline, Done done) {
  const auto waiter = std::make_shared<BudgetWaiter>();
  waiter->done = std::move(done);
  Done at_once;
  std::vector<std::pair<LeasePointer, store::LeaseRequest>> requests;
  {
    absl::MutexLock lock(&mutex_);
    for (const NeededBudget& need : needed) {
      const playbook::Budget& budget = ask.playbook.budgets[static_cast<size_t>(need.budget)];
      const LeasePointer& lease = LeaseOf(ask, need.budget);
      bool known = false;
      UnitsOf(*lease, budget, need.most, known);
      if (known) continue;
      ++waiter->left;
      lease->waiting.push_back(waiter);
      lease->needed += need.most;
      if (lease->asking) continue;
      const int64_t wanted = std::max(lease->Target(), std::min(lease->needed, kMaxLease) - lease->units());
      requests.emplace_back(lease, Begin(*lease, budget.amount, wanted));
    }
    if (waiter->left == 0) {
      at_once = std::exchange(waiter->done, nullptr);
    } else {
      waiter->place = waiters_.emplace(deadline, waiter);
      if (waiters_.begin()->second == waiter) worker_.TickBy(deadline);
    }
  }
  if (at_once != nullptr) return at_once();
  counts_.Add(kWaited);
  const absl::Time until = std::min(deadline, base::SteadyNow() + kStoreDeadline);
  for (const auto& [lease, request] : requests) Send(lease, request, until);
}

Budgets::Done Budgets::Arrive(BudgetWaiter& waiter) {
  if (--waiter.left > 0 || waiter.done == nullptr) return nullptr;
  waiters_.erase(waiter.place);
  return std::exchange(waiter.done, nullptr);
}

absl::Duration Budgets::CallLate() {
  std::vector<Done> late;
  absl::Duration next = absl::InfiniteDuration();
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = base::SteadyNow();
    while (!waiters_.empty() && waiters_.begin()->first <= now) {
      late.push_back(std::exchange(waiters_.begin()->second->done, nullptr));
      waiters_.erase(waiters_.begin());
    }
    if (!waiters_.empty()) next = waiters_.begin()->first - now;
  }
  for (Done& done : late) done();
  return next;
}

void Budgets::Send(const LeasePointer& lease, const store::LeaseRequest& request, absl::Time deadline) {
  const bool hurried = deadline < base::SteadyNow() + kStoreDeadline / 2;
  store_.Lease(lease->key, request, deadline,
               [this, lease, request, hurried](const absl::StatusOr<store::Lease>& answer) {
                 Answered(lease, request, answer, hurried);
               });
}

void Budgets::Answered(const LeasePointer& lease, const store::LeaseRequest& request,
                       const absl::StatusOr<store::Lease>& answer, bool hurried) {
  std::vector<Done> arrived;
  std::vector<store::HoldRequest> unresolved;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    lease->asking = false;
    for (const WaiterPointer& waiter : std::exchange(lease->waiting, {})) {
      if (Done done = Arrive(*waiter); done != nullptr) arrived.push_back(std::move(done));
    }
    lease->needed = 0;
    if (!answer.ok()) {
      // What it may have granted, the next request says that this process does not have. That a caller was in a hurry
      // says nothing of the store: the next one asks again.
      lease->unknown_until = absl::IsDeadlineExceeded(answer.status()) && hurried ? now : now + kUnknownFor;
      lease->unsure = true;
      counts_.Add(kFailed);
    } else {
      if (request.wanted > 0) counts_.Add(answer->granted > 0 ? kGranted : kUsedUp);
      const absl::Duration passed = std::max(now - lease->heard, absl::Milliseconds(1));
      const double seen = static_cast<double>(lease->taken_since) / absl::ToDoubleSeconds(passed);
      lease->per_second += (1 - std::exp(-absl::FDivDuration(passed, kMemory))) * (seen - lease->per_second);
      lease->taken_since = 0;
      lease->heard = now;
      lease->unsure = false;
      unresolved.swap(lease->unresolved);
      asking_ += static_cast<int>(unresolved.size());
      lease->told = request.delivered;
      lease->granted += answer->granted;
      if (answer->granted > 0) lease->used = now;
      lease->unknown_until = absl::InfinitePast();
      lease->used_up_until = request.wanted > 0 && answer->granted == 0 ? now + kUsedUpFor : absl::InfinitePast();
    }
    --asking_;
  }
  for (const store::HoldRequest& hold : unresolved) Resolve(lease, hold);
  for (Done& done : arrived) done();
}

absl::optional<std::vector<LeasedUnit>> Budgets::Take(const BudgetAsk& ask,
                                                      const std::vector<decision::TakenUnit>& units) {
  std::vector<LeasedUnit> taken;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    for (const decision::TakenUnit& unit : units) {
      const LeasePointer& lease = LeaseOf(ask, unit.budget);
      if (lease->units() <= 0) {
        for (const LeasedUnit& before : taken) --before.lease->delivered;
        return absl::nullopt;
      }
      ++lease->delivered;
      taken.push_back({lease, unit});
    }
    for (const LeasedUnit& each : taken) {
      ++each.lease->taken_since;
      each.lease->used = now;
    }
  }
  counts_.Add(kTaken, taken.size());
  return taken;
}

void Budgets::Renew(const BudgetAsk& ask, const std::vector<LeasedUnit>& taken) {
  std::vector<std::pair<LeasePointer, store::LeaseRequest>> requests;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    for (const LeasedUnit& each : taken) {
      BudgetLease& lease = *each.lease;
      const int64_t target = lease.Target();
      if (lease.asking || draining_ || lease.units() * 2 >= target || now < lease.used_up_until ||
          now < lease.unknown_until) {
        continue;
      }
      const int64_t amount = ask.playbook.budgets[static_cast<size_t>(each.unit.budget)].amount;
      requests.emplace_back(each.lease, Begin(lease, amount, target - lease.units()));
    }
  }
  for (const auto& [lease, request] : requests) Send(lease, request, base::SteadyNow() + kStoreDeadline);
}

void Budgets::PutBack(const std::vector<LeasedUnit>& units) {
  counts_.Add(kPutBack, units.size());
  absl::MutexLock lock(&mutex_);
  for (const LeasedUnit& each : units) --each.lease->delivered;
}

void Budgets::Hold(const BudgetAsk& ask, const std::vector<UnitToHold>& units, absl::Time deadline,
                   absl::AnyInvocable<void(absl::Status)> done) {
  struct Call {
    std::atomic<size_t> left;
    absl::Mutex mutex;
    absl::Status status ABSL_GUARDED_BY(mutex);
    absl::AnyInvocable<void(absl::Status)> done;

    absl::Status Status() {
      absl::MutexLock lock(&mutex);
      return status;
    }
  };
  auto call = std::make_shared<Call>();
  call->left = units.size();
  call->done = std::move(done);
  for (const UnitToHold& each : units) {
    const LeasePointer& lease = each.unit.lease;
    const absl::Duration hold = ask.playbook.budgets[static_cast<size_t>(each.unit.unit.budget)].hold;
    const store::HoldRequest request{lease->key, lease->holder, each.key, hold, each.shown};
    store_.Hold(request, deadline, [this, lease, request, call](const absl::StatusOr<bool>& held) {
      Held(*lease, request, held);
      if (!held.ok()) {
        absl::MutexLock lock(&call->mutex);
        call->status.Update(held.status());
      }
      if (call->left.fetch_sub(1) == 1) call->done(call->Status());
    });
  }
}

void Budgets::Held(BudgetLease& lease, const store::HoldRequest& request, const absl::StatusOr<bool>& held) {
  absl::MutexLock lock(&mutex_);
  if (!held.ok()) {
    lease.unresolved.push_back(request);
    lease.unsure = true;
    return;
  }
  --lease.delivered;
  if (*held) --lease.granted;  // the hold answers for it
}

// Asks again. Whichever try it was that holds, this process does not answer for the unit any more: where it was another
// replica's, the unit is nobody's, and is there for all.
void Budgets::Resolve(const LeasePointer& lease, const store::HoldRequest& request) {
  store_.Hold(request, base::SteadyNow() + kStoreDeadline, [this, lease, request](const absl::StatusOr<bool>& held) {
    Held(*lease, request, held.ok() ? absl::StatusOr<bool>(true) : held);
    absl::MutexLock lock(&mutex_);
    --asking_;
  });
}

void Budgets::ChangeHolds(absl::string_view tenant, const std::string& key, store::HoldChange change,
                          absl::Time deadline, BoolDone done) {
  store_.ChangeHolds(tenant, key, change, deadline, std::move(done));
}

void Budgets::Withdraw(absl::string_view tenant, const std::string& key) {
  store_.ChangeHolds(tenant, key, store::HoldChange::kWithdraw, base::SteadyNow() + kStoreDeadline,
                     [](const absl::StatusOr<bool>&) {});
}

void Budgets::List(const BudgetAsk& ask, absl::Time deadline, ListDone done) {
  struct Call {
    explicit Call(size_t budgets) : left(budgets), answer(std::vector<BudgetStatus>(budgets)) {}

    std::atomic<size_t> left;
    absl::Mutex mutex;
    absl::StatusOr<std::vector<BudgetStatus>> answer ABSL_GUARDED_BY(mutex);
    ListDone done;

    absl::StatusOr<std::vector<BudgetStatus>> Answer() {
      absl::MutexLock lock(&mutex);
      return std::move(answer);
    }
  };
  const std::vector<playbook::Budget>& budgets = ask.playbook.budgets;
  if (budgets.empty()) return done(std::vector<BudgetStatus>());
  auto call = std::make_shared<Call>(budgets.size());
  call->done = std::move(done);
  for (size_t i = 0; i < budgets.size(); ++i) {
    const int64_t period = PeriodOf(budgets[i], ask.playbook.time_zone, ask.now);
    const BudgetStatus row{.name = budgets[i].name, .amount = budgets[i].amount, .period = period};
    store_.Read({std::string(ask.tenant), row.name, period}, deadline,
                [call, row, i](const absl::StatusOr<store::BudgetUse>& use) {
                  {
                    absl::MutexLock lock(&call->mutex);
                    if (!use.ok()) {
                      call->answer = use.status();
                    } else if (call->answer.ok()) {
                      (*call->answer)[i] = row;
                      (*call->answer)[i].use = *use;
                    }
                  }
                  if (call->left.fetch_sub(1) == 1) call->done(call->Answer());
                });
  }
}

absl::Duration Budgets::Tend() {
  std::vector<std::pair<LeasePointer, store::LeaseRequest>> requests;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    for (auto it = leases_.begin(); it != leases_.end();) {
      BudgetLease& lease = *it->second;
      if (!lease.asking && now - lease.heard > kForgetAfter) {
        it = leases_.erase(it);
        continue;
      }
      const bool idle = lease.units() > 0 && now - lease.used > kIdle;
      const bool untold = lease.told != lease.delivered && now - lease.asked > kTellPeriod;
      if (!lease.asking && !draining_ && lease.amount >= 0 && now >= lease.unknown_until &&
          (idle || untold || lease.unsure)) {
        if (idle) lease.granted = lease.delivered;
        requests.emplace_back(it->second, Begin(lease, lease.amount, 0));
      }
      ++it;
    }
  }
  for (const auto& [lease, request] : requests) Send(lease, request, base::SteadyNow() + kStoreDeadline);
  return std::min(kTendPeriod, CallLate());
}

void Budgets::GiveBackAll(absl::Time deadline) {
  std::vector<std::pair<LeasePointer, store::LeaseRequest>> requests;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [key, lease] : leases_) {
      if (lease->asking || (lease->units() == 0 && lease->told == lease->delivered && !lease->unsure)) continue;
      lease->granted = lease->delivered;
      requests.emplace_back(lease, Begin(*lease, lease->amount, 0));
    }
  }
  for (const auto& [lease, request] : requests) Send(lease, request, deadline);
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &Budgets::NoneAsking), deadline - base::SteadyNow());
}

void Budgets::Collect(base::MetricWriter& writer) const {
  int64_t units = 0;
  size_t leases = 0;
  int asking = 0;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, lease] : leases_) units += lease->units();
    leases = leases_.size();
    asking = asking_;
  }
  writer.WriteGauge(kLeases, {}, static_cast<double>(leases));
  writer.WriteGauge(kLeasedUnits, {}, static_cast<double>(units));
  writer.WriteGauge(kAsking, {}, asking);
  const auto count = [&](const base::MetricName& metric, const char* result, Count which) {
    writer.WriteCounter(metric, {{"result", result}}, static_cast<double>(counts_.value(which)));
  };
  count(kLeaseRequests, "granted", kGranted);
  count(kLeaseRequests, "used_up", kUsedUp);
  count(kLeaseRequests, "failed", kFailed);
  count(kUnits, "taken", kTaken);
  count(kUnits, "put_back", kPutBack);
  writer.WriteCounter(kFetches, {}, static_cast<double>(counts_.value(kWaited)));
}

void Budgets::Drain(absl::Time deadline) {
  GiveBackAll(deadline);
  GiveBackAll(deadline);  // what was being asked for the first time
}

}  // namespace waymark::engine
