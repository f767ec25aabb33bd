#include "tests/support/fake_budget_store.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace waymark::testing_support {

absl::Status FakeBudgetStore::Check(absl::Time deadline) {
  const Outage::Fate fate = outage_ == nullptr ? Outage::Fate{} : outage_->Next();
  heard_ = fate.heard;
  if (!fate.done) return absl::UnavailableError("away");
  if (absl::Now() > deadline) return absl::DeadlineExceededError("the deadline has passed");
  return failure_;
}

void FakeBudgetStore::Lease(const store::BudgetKey& key, const store::LeaseRequest& request, absl::Time deadline,
                            LeaseDone done) {
  const auto answer = [&]() -> absl::StatusOr<store::Lease> {
    if (absl::Status status = CheckLeaseRequest(key, request); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    ++leases_;
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard(store::LeaseFrom(accounts_[{key.tenant, key.budget, key.period}], request, clock_.Now()));
  };
  done(answer());
}

bool FakeBudgetStore::Begin(const store::HoldRequest& request) {
  const absl::Time now = clock_.Now();
  const store::BudgetKey& key = request.account;
  store::BudgetHold& hold = holds_[{key.tenant, key.budget, request.decision}];
  if (hold.until > now) return false;
  const absl::Time until = store::EndOfHold(now, request.hold);
  store::BeginHold(accounts_[{key.tenant, key.budget, key.period}], request.holder, until, request.shown);
  hold = {key.period, request.shown ? std::max(until, now + store::kShownFor) : until, request.shown};
  return true;
}

void FakeBudgetStore::Hold(const store::HoldRequest& request, absl::Time deadline, Done done) {
  const auto answer = [&]() -> absl::StatusOr<bool> {
    if (absl::Status status = CheckHoldRequest(request); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard<bool>(Begin(request));
  };
  done(answer());
}

absl::StatusOr<bool> FakeBudgetStore::End(const HoldKey& key, bool shown, absl::Time deadline) {
  const auto& [tenant, budget, decision] = key;
  if (absl::Status status = store::CheckBudget(tenant, budget); !status.ok()) return status;
  if (absl::Status status = store::CheckDecision(decision); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = Check(deadline); !status.ok()) return status;
  const absl::Time now = clock_.Now();
  const auto hold = holds_.find(key);
  if (hold == holds_.end() || hold->second.until <= now) return Heard<bool>(false);
  if (hold->second.shown) return Heard<bool>(shown);
  store::EndHold(accounts_[{tenant, budget, hold->second.period}], hold->second.until, shown);
  hold->second.shown = true;
  hold->second.until = std::max(hold->second.until, now + store::kShownFor);
  if (!shown) holds_.erase(hold);
  return Heard<bool>(true);
}

void FakeBudgetStore::Confirm(absl::string_view tenant, absl::string_view budget, absl::string_view decision,
                              absl::Time deadline, Done done) {
  done(End({std::string(tenant), std::string(budget), std::string(decision)}, /*shown=*/true, deadline));
}

void FakeBudgetStore::Release(absl::string_view tenant, absl::string_view budget, absl::string_view decision,
                              absl::Time deadline, Done done) {
  done(End({std::string(tenant), std::string(budget), std::string(decision)}, /*shown=*/false, deadline));
}

void FakeBudgetStore::Read(const store::BudgetKey& key, absl::Time deadline, UseDone done) {
  const auto answer = [&]() -> absl::StatusOr<store::BudgetUse> {
    if (absl::Status status = store::CheckBudget(key.tenant, key.budget); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    return Heard<store::BudgetUse>(store::UseOf(accounts_[{key.tenant, key.budget, key.period}], clock_.Now()));
  };
  done(answer());
}

void FakeBudgetStore::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

void FakeBudgetStore::SetOutage(std::shared_ptr<Outage> outage) {
  absl::MutexLock lock(&mutex_);
  outage_ = std::move(outage);
}

int FakeBudgetStore::leases() const {
  absl::MutexLock lock(&mutex_);
  return leases_;
}

}  // namespace waymark::testing_support
