#include "service/store/budget_account.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "service/store/names.h"
#include "service/store/sealed.h"
#include "waymark/storage/v1/budget.pb.h"

namespace waymark::store {
namespace {

// Of a hold's moments, so that an account has at most so many at a time.
constexpr int64_t kMomentsOfHold = 64;
constexpr int64_t kMaxUnits = 1'000'000'000'000;

bool IsWord(absl::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-';
  });
}

bool IsCount(int64_t count) { return count >= 0 && count <= kMaxUnits; }

// Forgets what has gone back, and holders that are gone.
void Settle(BudgetAccount& account, absl::string_view but, absl::Time now) {
  account.held.erase(account.held.begin(), account.held.upper_bound(now));
  for (auto it = account.holders.begin(); it != account.holders.end();) {
    if (it->first != but && now - it->second.heard > kHolderSilence) {
      account.taken += it->second.granted;
      it = account.holders.erase(it);
    } else {
      ++it;
    }
  }
}

int64_t GivenToOthers(const BudgetAccount& account, absl::string_view holder) {
  int64_t given = account.taken;
  for (const auto& [name, other] : account.holders) given += name == holder ? 0 : other.granted;
  for (const auto& [until, units] : account.held) given += units;
  return given;
}

void TakeHeld(BudgetAccount& account, absl::Time until) {
  const auto it = account.held.find(until);
  if (it != account.held.end() && --it->second == 0) account.held.erase(it);
}

bool IsHeld(const BudgetHold& hold, absl::Time now) { return hold.confirmed == 0 && hold.until > now; }

// False where the unit is not held.
bool ChangeOne(HoldChange change, absl::Time now, BudgetHold& hold, BudgetAccount& account) {
  const bool held = IsHeld(hold, now);
  switch (change) {
    case HoldChange::kConfirm:
      if (!held && hold.confirmed == 0) return false;
      if (held) {
        TakeHeld(account, hold.until);
        ++account.taken;
      }
      ++hold.confirmed;
      return true;
    case HoldChange::kWithdraw:
      if (hold.confirmed == 0) return false;
      if (--hold.confirmed > 0) return true;
      --account.taken;
      if (hold.until > now) ++account.held[hold.until];
      return true;
    case HoldChange::kRelease:
      if (held) TakeHeld(account, hold.until);
      return held;
  }
  return false;
}

}  // namespace

absl::StatusOr<Lease> LeaseFrom(BudgetAccount& account, const LeaseRequest& request, absl::Time now) {
  Settle(account, request.holder, now);
  BudgetAccount::Holder& holder = account.holders[request.holder];
  if (request.number < holder.number) return absl::AbortedError("a later request of this holder was answered");
  const int64_t others = GivenToOthers(account, request.holder);
  if (request.number == holder.number) return Lease{holder.answer, request.amount - others - holder.granted};
  const int64_t left = request.amount - others - request.granted;
  const int64_t share = std::max<int64_t>(left / 4, 1);
  const int64_t grant = left > 0 ? std::min(request.wanted, share) : 0;
  holder = {.number = request.number,
            .granted = request.granted + grant,
            .delivered = request.delivered,
            .answer = grant,
            .heard = now};
  return Lease{grant, left - grant};
}

absl::Duration StepOfHold(absl::Duration hold) {
  return absl::Milliseconds(std::max<int64_t>(absl::ToInt64Milliseconds(hold) / kMomentsOfHold, 1000));
}

absl::Time EndOfHold(absl::Time now, absl::Duration hold) {
  const int64_t step = absl::ToInt64Milliseconds(StepOfHold(hold));
  const int64_t end = absl::ToUnixMillis(now) + absl::ToInt64Milliseconds(hold);
  return absl::FromUnixMillis((end + step - 1) / step * step);
}

bool HasUnit(const DecisionHolds& holds, const std::string& budget, absl::Time now) {
  if (holds.kept_until <= now) return false;
  const auto hold = holds.by_budget.find(budget);
  return hold != holds.by_budget.end() && (IsHeld(hold->second, now) || hold->second.confirmed > 0);
}

void BeginHold(const HoldRequest& request, absl::Time now, DecisionHolds& holds, BudgetAccount& account) {
  if (holds.kept_until <= now) holds = DecisionHolds{.kept_until = now};
  const auto it = account.holders.find(request.holder);
  if (it != account.holders.end() && it->second.granted > 0) {
    --it->second.granted;
    it->second.delivered = std::min(it->second.delivered, it->second.granted);
  }
  const absl::Time until = EndOfHold(now, request.hold);
  holds.by_budget[request.account.budget] = {request.account.period, until, request.shown ? 1 : 0};
  ++(request.shown ? account.taken : account.held[until]);
  holds.kept_until = std::max({holds.kept_until, until, request.shown ? now + kShownFor : until});
}

absl::StatusOr<bool> ChangeAll(HoldChange change, absl::Time now, DecisionHolds& holds, ReadAccount read) {
  if (holds.by_budget.empty() || holds.kept_until <= now) return false;
  bool all = true;
  for (auto it = holds.by_budget.begin(); it != holds.by_budget.end();) {
    const absl::StatusOr<BudgetAccount*> account = read(it->first, it->second.period);
    if (!account.ok()) return account.status();
    const bool changed = ChangeOne(change, now, it->second, **account);
    all = all && changed;
    it = changed && change == HoldChange::kRelease ? holds.by_budget.erase(it) : std::next(it);
  }
  if (change == HoldChange::kConfirm) holds.kept_until = std::max(holds.kept_until, now + kShownFor);
  return all;
}

BudgetUse UseOf(const BudgetAccount& account, absl::Time now) {
  BudgetUse use{.taken = account.taken};
  for (const auto& [name, holder] : account.holders) {
    const int64_t delivered = now - holder.heard > kHolderPresence ? holder.granted : holder.delivered;
    use.taken += delivered;
    use.leased += holder.granted - delivered;
  }
  for (auto it = account.held.upper_bound(now); it != account.held.end(); ++it) use.held += it->second;
  return use;
}

std::string EncodeBudgetAccount(const BudgetAccount& account) {
  storage::v1::BudgetAccount message;
  message.set_taken(account.taken);
  for (const auto& [name, holder] : account.holders) {
    storage::v1::BudgetHolder& entry = *message.add_holders();
    entry.set_name(name);
    entry.set_number(holder.number);
    entry.set_answer(holder.answer);
    entry.set_granted(holder.granted);
    entry.set_delivered(holder.delivered);
    entry.set_heard_at_ms(absl::ToUnixMillis(holder.heard));
  }
  for (const auto& [until, units] : account.held) {
    storage::v1::BudgetHeld& entry = *message.add_held();
    entry.set_until_ms(absl::ToUnixMillis(until));
    entry.set_units(units);
  }
  return Seal(1, message.SerializeAsString());
}

absl::StatusOr<BudgetAccount> DecodeBudgetAccount(absl::string_view bytes) {
  const absl::StatusOr<Sealed> sealed = Unseal(bytes);
  if (!sealed.ok()) return sealed.status();
  storage::v1::BudgetAccount message;
  if (!message.ParseFromArray(sealed->body.data(), static_cast<int>(sealed->body.size())))
    return absl::DataLossError("a budget's account cannot be decoded");
  BudgetAccount account{.taken = message.taken()};
  for (const storage::v1::BudgetHolder& entry : message.holders()) {
    account.holders[entry.name()] = {.number = entry.number(),
                                     .granted = entry.granted(),
                                     .delivered = entry.delivered(),
                                     .answer = entry.answer(),
                                     .heard = absl::FromUnixMillis(entry.heard_at_ms())};
  }
  for (const storage::v1::BudgetHeld& entry : message.held())
    account.held[absl::FromUnixMillis(entry.until_ms())] = entry.units();
  return account;
}

std::string EncodeDecisionHolds(const DecisionHolds& holds) {
  storage::v1::DecisionHolds message;
  message.set_kept_until_ms(absl::ToUnixMillis(holds.kept_until));
  for (const auto& [budget, hold] : holds.by_budget) {
    storage::v1::BudgetHold& entry = *message.add_holds();
    entry.set_budget(budget);
    entry.set_period(hold.period);
    entry.set_until_ms(absl::ToUnixMillis(hold.until));
    entry.set_confirmed(hold.confirmed);
  }
  return Seal(1, message.SerializeAsString());
}

absl::StatusOr<DecisionHolds> DecodeDecisionHolds(absl::string_view bytes) {
  const absl::StatusOr<Sealed> sealed = Unseal(bytes);
  if (!sealed.ok()) return sealed.status();
  storage::v1::DecisionHolds message;
  if (!message.ParseFromArray(sealed->body.data(), static_cast<int>(sealed->body.size())))
    return absl::DataLossError("what a decision holds of budgets cannot be decoded");
  DecisionHolds holds{.kept_until = absl::FromUnixMillis(message.kept_until_ms())};
  for (const storage::v1::BudgetHold& entry : message.holds()) {
    holds.by_budget[entry.budget()] = {entry.period(), absl::FromUnixMillis(entry.until_ms()), entry.confirmed()};
  }
  return holds;
}

absl::Status CheckBudget(absl::string_view tenant, absl::string_view budget) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return status;
  if (!IsWord(budget)) return absl::InvalidArgumentError("a budget's name is 1 to 64 of a-z, 0-9 and _");
  return absl::OkStatus();
}

absl::Status CheckDecision(absl::string_view tenant, absl::string_view decision) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return status;
  if (!IsWord(decision)) return absl::InvalidArgumentError("a decision's key is 1 to 64 of a-z and 0-9");
  return absl::OkStatus();
}

absl::Status CheckLeaseRequest(const BudgetKey& key, const LeaseRequest& request) {
  if (absl::Status status = CheckBudget(key.tenant, key.budget); !status.ok()) return status;
  if (!IsWord(request.holder)) return absl::InvalidArgumentError("a holder is 1 to 64 of a-z, 0-9, _ and -");
  if (request.number < 1) return absl::InvalidArgumentError("a request's number counts from 1");
  if (!IsCount(request.amount) || !IsCount(request.granted) || !IsCount(request.wanted) || request.delivered < 0 ||
      request.delivered > request.granted) {
    return absl::InvalidArgumentError("an amount of units is 0 to 10^12");
  }
  return absl::OkStatus();
}

absl::Status CheckHoldRequest(const HoldRequest& request) {
  if (absl::Status status = CheckBudget(request.account.tenant, request.account.budget); !status.ok()) return status;
  if (!IsWord(request.holder)) return absl::InvalidArgumentError("a holder is 1 to 64 of a-z, 0-9, _ and -");
  return CheckDecision(request.account.tenant, request.decision);
}

}  // namespace waymark::store
