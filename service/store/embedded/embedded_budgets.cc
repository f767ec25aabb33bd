#include "service/store/embedded/embedded_budgets.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "service/base/clock.h"
#include "service/store/budget_account.h"
#include "service/store/embedded/keys.h"

namespace waymark::store {
namespace {

// How many others a new hold, or a new account, looks at to clear those that are over.
constexpr size_t kLookedAt = 4;

// To the whole milliseconds of what is stored.
absl::Time Now() { return absl::FromUnixMillis(absl::ToUnixMillis(absl::Now())); }

absl::StatusOr<BudgetAccount> AccountIn(absl::optional<absl::string_view> value) {
  if (!value.has_value()) return BudgetAccount();
  return DecodeBudgetAccount(*value);
}

class LeaseWrite final : public WriteRequest {
 public:
  LeaseWrite(const BudgetKey& key, LeaseRequest request, absl::Time deadline, BudgetStore::LeaseDone done)
      : WriteRequest(Family::kBudgets, AccountKey(key), deadline),
        of_budget_(AccountPrefix(key.tenant, key.budget)),
        period_(key.period),
        request_(std::move(request)),
        done_(std::move(done)) {}

  absl::StatusOr<absl::optional<std::string>> Change(absl::optional<absl::string_view> current) override {
    absl::StatusOr<BudgetAccount> account = AccountIn(current);
    if (!account.ok()) return account.status();
    const absl::StatusOr<Lease> lease = LeaseFrom(*account, request_, Now());
    if (!lease.ok()) return lease.status();
    is_new_ = !current.has_value();
    lease_ = *lease;
    return absl::make_optional(EncodeBudgetAccount(*account));
  }

  // A new period's account clears those of long ago.
  void ChangeMore(const Database& database, rocksdb::WriteBatchWithIndex& batch) override {
    if (!is_new_ || period_ == 0) return;
    const int64_t kept_from = period_ - absl::ToInt64Seconds(kAccountKept);
    size_t looked_at = 0;
    // What is not read is cleared another time.
    database
        .Walk(Family::kBudgets, of_budget_,
              [&](absl::string_view each, absl::string_view) {
                const absl::optional<int64_t> period = AccountPeriodOf(of_budget_, each);
                if (!period.has_value() || ++looked_at > kLookedAt) return false;
                if (*period != 0 && *period < kept_from) database.Delete(batch, Family::kBudgets, each);
                return true;
              })
        .IgnoreError();
  }

  void Finish(absl::Status status) override {
    if (!status.ok()) return done_(std::move(status));
    done_(lease_);
  }

 private:
  const std::string of_budget_;
  const int64_t period_;
  const LeaseRequest request_;
  BudgetStore::LeaseDone done_;
  Lease lease_;
  bool is_new_ = false;
};

// Changes what a decision holds, and with it the accounts.
class HoldWrite : public WriteRequest {
 public:
  HoldWrite(absl::string_view tenant, absl::string_view decision, absl::Time deadline, BudgetStore::Done done)
      : WriteRequest(Family::kHolds, HoldKey(tenant, decision), deadline), tenant_(tenant), done_(std::move(done)) {}

  absl::Status Look(const Database& database, rocksdb::WriteBatchWithIndex& batch) final {
    changed_.clear();
    holds_ = DecisionHolds();
    rocksdb::PinnableSlice value;
    absl::Status status = database.GetThrough(batch, Family::kHolds, key, value);
    if (!status.ok() && !absl::IsNotFound(status)) return status;
    if (status.ok()) {
      absl::StatusOr<DecisionHolds> holds = DecodeDecisionHolds(ViewOf(value));
      if (!holds.ok()) return holds.status();
      holds_ = *std::move(holds);
    }
    return Apply(Now(), [&](const std::string& budget, int64_t period) -> absl::StatusOr<BudgetAccount*> {
      std::string account_key = AccountKey({tenant_, budget, period});
      rocksdb::PinnableSlice bytes;
      const absl::Status read = database.GetThrough(batch, Family::kBudgets, account_key, bytes);
      if (!read.ok() && !absl::IsNotFound(read)) return read;
      absl::StatusOr<BudgetAccount> account = AccountIn(read.ok() ? absl::make_optional(ViewOf(bytes)) : absl::nullopt);
      if (!account.ok()) return account.status();
      return &(changed_[std::move(account_key)] = *std::move(account));
    });
  }

  absl::StatusOr<absl::optional<std::string>> Change(absl::optional<absl::string_view>) final {
    if (changed_.empty() || holds_.by_budget.empty()) return absl::optional<std::string>();
    return absl::make_optional(EncodeDecisionHolds(holds_));
  }

  void ChangeMore(const Database& database, rocksdb::WriteBatchWithIndex& batch) final {
    if (changed_.empty()) return;
    for (const auto& [account_key, account] : changed_)
      database.Put(batch, Family::kBudgets, account_key, EncodeBudgetAccount(account));
    if (holds_.by_budget.empty()) database.Delete(batch, Family::kHolds, key);
    ClearSome(database, batch);
  }

  void Finish(absl::Status status) final {
    if (!status.ok()) return done_(std::move(status));
    done_(answer_);
  }

 protected:
  // Changes `holds_` and the accounts that it reads, and says in `answer_` what its caller is told.
  virtual absl::Status Apply(absl::Time now, ReadAccount read) = 0;
  virtual void ClearSome(const Database&, rocksdb::WriteBatchWithIndex&) {}

  DecisionHolds holds_;
  bool answer_ = false;

 private:
  const std::string tenant_;
  BudgetStore::Done done_;
  std::map<std::string, BudgetAccount> changed_;  // by key
};

class BeginHoldWrite final : public HoldWrite {
 public:
  BeginHoldWrite(const HoldRequest& request, absl::Time deadline, BudgetStore::Done done)
      : HoldWrite(request.account.tenant, request.decision, deadline, std::move(done)), request_(request) {}

 private:
  absl::Status Apply(absl::Time now, ReadAccount read) override {
    answer_ = !HasUnit(holds_, request_.account.budget, now);
    if (!answer_) return absl::OkStatus();
    const absl::StatusOr<BudgetAccount*> account = read(request_.account.budget, request_.account.period);
    if (!account.ok()) return account.status();
    BeginHold(request_, now, holds_, **account);
    return absl::OkStatus();
  }

  // Those that are over are looked for right after this one, which is anywhere among them: its key is a hash.
  void ClearSome(const Database& database, rocksdb::WriteBatchWithIndex& batch) override {
    std::vector<std::string> next;
    const auto look = [&](absl::string_view each, absl::string_view) {
      next.emplace_back(each);
      return next.size() < kLookedAt;
    };
    if (!database.Walk(Family::kHolds, key, look).ok()) return;  // then another time
    const absl::Time now = Now();
    for (const std::string& each : next) {
      rocksdb::PinnableSlice value;  // as the batch leaves it
      if (each == key || !database.GetThrough(batch, Family::kHolds, each, value).ok()) continue;
      const absl::StatusOr<DecisionHolds> other = DecodeDecisionHolds(ViewOf(value));
      if (other.ok() && other->kept_until <= now) database.Delete(batch, Family::kHolds, each);
    }
  }

  const HoldRequest request_;
};

class ChangeHoldsWrite final : public HoldWrite {
 public:
  ChangeHoldsWrite(absl::string_view tenant, absl::string_view decision, HoldChange change, absl::Time deadline,
                   BudgetStore::Done done)
      : HoldWrite(tenant, decision, deadline, std::move(done)), change_(change) {}

 private:
  absl::Status Apply(absl::Time now, ReadAccount read) override {
    const absl::StatusOr<bool> all = ChangeAll(change_, now, holds_, read);
    if (!all.ok()) return all.status();
    answer_ = *all;
    return absl::OkStatus();
  }

  const HoldChange change_;
};

}  // namespace

void EmbeddedBudgets::Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) {
  if (absl::Status status = CheckLeaseRequest(key, request); !status.ok()) return done(std::move(status));
  writer_.Submit(std::make_unique<LeaseWrite>(key, request, deadline, std::move(done)));
}

void EmbeddedBudgets::Hold(const HoldRequest& request, absl::Time deadline, Done done) {
  if (absl::Status status = CheckHoldRequest(request); !status.ok()) return done(std::move(status));
  writer_.Submit(std::make_unique<BeginHoldWrite>(request, deadline, std::move(done)));
}

void EmbeddedBudgets::ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change,
                                  absl::Time deadline, Done done) {
  if (absl::Status status = CheckDecision(tenant, decision); !status.ok()) return done(std::move(status));
  writer_.Submit(std::make_unique<ChangeHoldsWrite>(tenant, decision, change, deadline, std::move(done)));
}

void EmbeddedBudgets::Read(const BudgetKey& key, absl::Time deadline, UseDone done) {
  if (absl::Status status = CheckBudget(key.tenant, key.budget); !status.ok()) return done(std::move(status));
  if (base::SteadyNow() > deadline) return done(absl::DeadlineExceededError("the store was asked after the deadline"));
  rocksdb::PinnableSlice value;
  const absl::Status status = database_.Get(Family::kBudgets, AccountKey(key), value);
  if (absl::IsNotFound(status)) return done(BudgetUse());
  if (!status.ok()) return done(status);
  const absl::StatusOr<BudgetAccount> account = DecodeBudgetAccount(ViewOf(value));
  if (!account.ok()) return done(account.status());
  done(UseOf(*account, Now()));
}

}  // namespace waymark::store
