#include "service/store/embedded/embedded_budgets.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
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

// Changes a decision's hold, and with it the account, of which the hold says the period.
class HoldWrite : public WriteRequest {
 public:
  HoldWrite(absl::string_view tenant, absl::string_view budget, absl::string_view decision, absl::Time deadline,
            BudgetStore::Done done)
      : WriteRequest(Family::kHolds, HoldKey(tenant, budget, decision), deadline),
        tenant_(tenant),
        budget_(budget),
        done_(std::move(done)) {}

  absl::Status Look(const Database& database, rocksdb::WriteBatchWithIndex& batch) final {
    rocksdb::PinnableSlice value;
    absl::optional<BudgetHold> hold;
    absl::Status status = database.GetThrough(batch, Family::kHolds, key, value);
    if (status.ok()) {
      const absl::StatusOr<BudgetHold> decoded = DecodeBudgetHold(ViewOf(value));
      if (!decoded.ok()) return decoded.status();
      hold = *decoded;
    } else if (!absl::IsNotFound(status)) {
      return status;
    }
    account_key_ = AccountKey({tenant_, budget_, PeriodOf(hold)});
    rocksdb::PinnableSlice bytes;
    status = database.GetThrough(batch, Family::kBudgets, account_key_, bytes);
    if (!status.ok() && !absl::IsNotFound(status)) return status;
    absl::StatusOr<BudgetAccount> account = AccountIn(status.ok() ? absl::make_optional(ViewOf(bytes)) : absl::nullopt);
    if (!account.ok()) return account.status();
    account_ = *std::move(account);
    done_is_ = Apply(hold, account_, Now());
    hold_ = hold;
    return absl::OkStatus();
  }

  absl::StatusOr<absl::optional<std::string>> Change(absl::optional<absl::string_view>) final {
    if (!done_is_ || !hold_.has_value()) return absl::optional<std::string>();
    return absl::make_optional(EncodeBudgetHold(*hold_));
  }

  void ChangeMore(const Database& database, rocksdb::WriteBatchWithIndex& batch) final {
    if (!done_is_) return;
    database.Put(batch, Family::kBudgets, account_key_, EncodeBudgetAccount(account_));
    if (!hold_.has_value()) database.Delete(batch, Family::kHolds, key);
    ClearSome(database, batch);
  }

  void Finish(absl::Status status) final {
    if (!status.ok()) return done_(std::move(status));
    done_(done_is_);
  }

 protected:
  // The account's period, given the hold that is there.
  virtual int64_t PeriodOf(const absl::optional<BudgetHold>& hold) const { return hold.has_value() ? hold->period : 0; }
  // Whether it changes anything; the hold becomes nullopt where there is none any more.
  virtual bool Apply(absl::optional<BudgetHold>& hold, BudgetAccount& account, absl::Time now) = 0;
  virtual void ClearSome(const Database&, rocksdb::WriteBatchWithIndex&) {}

 private:
  const std::string tenant_;
  const std::string budget_;
  BudgetStore::Done done_;
  std::string account_key_;
  BudgetAccount account_;
  absl::optional<BudgetHold> hold_;
  bool done_is_ = false;
};

class BeginHoldWrite final : public HoldWrite {
 public:
  BeginHoldWrite(const HoldRequest& request, absl::Time deadline, BudgetStore::Done done)
      : HoldWrite(request.account.tenant, request.account.budget, request.decision, deadline, std::move(done)),
        request_(request) {}

 private:
  int64_t PeriodOf(const absl::optional<BudgetHold>&) const override { return request_.account.period; }

  bool Apply(absl::optional<BudgetHold>& hold, BudgetAccount& account, absl::Time now) override {
    if (hold.has_value() && hold->until > now) return false;
    const absl::Time until = EndOfHold(now, request_.hold);
    BeginHold(account, request_.holder, until, request_.shown);
    hold =
        BudgetHold{request_.account.period, request_.shown ? std::max(until, now + kShownFor) : until, request_.shown};
    return true;
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
      const absl::StatusOr<BudgetHold> other = DecodeBudgetHold(ViewOf(value));
      if (other.ok() && other->until <= now) database.Delete(batch, Family::kHolds, each);
    }
  }

  const HoldRequest request_;
};

class EndHoldWrite final : public HoldWrite {
 public:
  EndHoldWrite(absl::string_view tenant, absl::string_view budget, absl::string_view decision, bool shown,
               absl::Time deadline, BudgetStore::Done done)
      : HoldWrite(tenant, budget, decision, deadline, std::move(done)), shown_(shown) {}

 private:
  bool Apply(absl::optional<BudgetHold>& hold, BudgetAccount& account, absl::Time now) override {
    if (!hold.has_value() || hold->until <= now) return false;
    if (hold->shown) return shown_;
    EndHold(account, hold->until, shown_);
    if (!shown_) {
      hold = absl::nullopt;
    } else {
      hold->shown = true;
      hold->until = std::max(hold->until, now + kShownFor);
    }
    return true;
  }

  const bool shown_;
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

void EmbeddedBudgets::Confirm(absl::string_view tenant, absl::string_view budget, absl::string_view decision,
                              absl::Time deadline, Done done) {
  if (absl::Status status = CheckBudget(tenant, budget); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckDecision(decision); !status.ok()) return done(std::move(status));
  writer_.Submit(std::make_unique<EndHoldWrite>(tenant, budget, decision, /*shown=*/true, deadline, std::move(done)));
}

void EmbeddedBudgets::Release(absl::string_view tenant, absl::string_view budget, absl::string_view decision,
                              absl::Time deadline, Done done) {
  if (absl::Status status = CheckBudget(tenant, budget); !status.ok()) return done(std::move(status));
  if (absl::Status status = CheckDecision(decision); !status.ok()) return done(std::move(status));
  writer_.Submit(std::make_unique<EndHoldWrite>(tenant, budget, decision, /*shown=*/false, deadline, std::move(done)));
}

void EmbeddedBudgets::Read(const BudgetKey& key, absl::Time deadline, UseDone done) {
  if (absl::Status status = CheckBudget(key.tenant, key.budget); !status.ok()) return done(std::move(status));
  if (absl::Now() > deadline) return done(absl::DeadlineExceededError("the store was asked after the deadline"));
  rocksdb::PinnableSlice value;
  const absl::Status status = database_.Get(Family::kBudgets, AccountKey(key), value);
  if (absl::IsNotFound(status)) return done(BudgetUse());
  if (!status.ok()) return done(status);
  const absl::StatusOr<BudgetAccount> account = DecodeBudgetAccount(ViewOf(value));
  if (!account.ok()) return done(account.status());
  done(UseOf(*account, Now()));
}

}  // namespace waymark::store
