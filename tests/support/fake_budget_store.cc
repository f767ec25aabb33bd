#include "tests/support/fake_budget_store.h"

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
  store::DecisionHolds& holds = holds_[{key.tenant, request.decision}];
  if (store::HasUnit(holds, key.budget, now)) return false;
  store::BeginHold(request, now, holds, accounts_[{key.tenant, key.budget, key.period}]);
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

void FakeBudgetStore::ChangeHolds(absl::string_view tenant, absl::string_view decision, store::HoldChange change,
                                  absl::Time deadline, Done done) {
  const auto answer = [&]() -> absl::StatusOr<bool> {
    if (absl::Status status = store::CheckDecision(tenant, decision); !status.ok()) return status;
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Check(deadline); !status.ok()) return status;
    const auto account = [&](const std::string& budget, int64_t period) -> absl::StatusOr<store::BudgetAccount*> {
      mutex_.AssertHeld();
      return &accounts_[{std::string(tenant), budget, period}];
    };
    store::DecisionHolds& holds = holds_[{std::string(tenant), std::string(decision)}];
    return Heard(store::ChangeAll(change, clock_.Now(), holds, account));
  };
  done(answer());
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
