#include "service/store/redis/redis_budget_store.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/store/redis/budget_scripts.h"
#include "service/store/redis/evaluate.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"

namespace waymark::store {
namespace {

std::string Millis(absl::Duration duration) { return absl::StrCat(absl::ToInt64Milliseconds(duration)); }

std::string KeptFor(const BudgetKey& key) { return key.period == 0 ? "0" : Millis(kAccountKept); }

// WAIT holds up only those who ask for budgets, and all of them wait: one connection to each server will do.
RedisOptions Unwaited(RedisOptions options) {
  options.wait_for_replica = false;
  options.replica_reads = ReplicaReads::kNever;
  return options;
}

absl::StatusOr<std::vector<int64_t>> NumbersIn(const redisReply& reply) {
  if (!IsArray(reply) || reply.elements < 2) return UnexpectedReply();
  std::vector<int64_t> numbers;
  for (const redisReply* element : ElementsOf(reply)) {
    if (!IsInteger(*element)) return UnexpectedReply();
    numbers.push_back(element->integer);
  }
  return numbers;
}

absl::StatusOr<Lease> LeaseIn(const std::vector<int64_t>& numbers) {
  if (numbers[0] == -1) return absl::AbortedError("a later request of this holder was answered");
  if (numbers[0] == -2)
    return absl::UnavailableError("redis was started again: budgets wait until all replicas have said what they have");
  if (numbers.size() != 2) return UnexpectedReply();
  return Lease{numbers[0], numbers[1]};
}

// As the script names it.
const char* NameOf(HoldChange change) {
  switch (change) {
    case HoldChange::kConfirm:
      return "confirm";
    case HoldChange::kWithdraw:
      return "withdraw";
    case HoldChange::kRelease:
      return "release";
  }
  return "";
}

}  // namespace

RedisBudgetStore::RedisBudgetStore(const RedisOptions& options, const Times& times)
    : times_(times),
      connection_(Unwaited(options), {FormatCommand({"SCRIPT", "LOAD", LeaseScript().text}),
                                      FormatCommand({"SCRIPT", "LOAD", HoldScript().text}),
                                      FormatCommand({"SCRIPT", "LOAD", ChangeHoldsScript().text}),
                                      FormatCommand({"SCRIPT", "LOAD", ReadBudgetScript().text})}) {}

void RedisBudgetStore::Ask(const Script& script, std::vector<std::string> arguments, absl::Time deadline,
                           NumbersDone done) {
  Evaluate(connection_, script, std::move(arguments), deadline,
           [this, deadline, done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
             if (!reply.ok()) return done(reply.status());
             absl::StatusOr<Numbers> numbers = NumbersIn(**reply);
             if (!numbers.ok()) return done(numbers.status());
             // The cluster's word counts as well: a master that was cut off from its replicas, and does not know yet
             // that one of them took its place, sees none.
             const bool has_replicas = numbers->front() > 0 || connection_.AnswererHasReplicas();
             numbers->erase(numbers->begin());
             if (!has_replicas) return done(std::move(numbers));
             connection_.WaitForReplica(
                 times_.wait, deadline,
                 [numbers = *std::move(numbers), done = std::move(done)](absl::Status status) mutable {
                   if (!status.ok()) return done(std::move(status));
                   done(std::move(numbers));
                 });
           });
}

void RedisBudgetStore::Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) {
  if (absl::Status status = CheckLeaseRequest(key, request); !status.ok()) return done(std::move(status));
  Ask(LeaseScript(),
      {BudgetAccountKey(key), BudgetServerKey(key.tenant), request.holder, absl::StrCat(request.number),
       absl::StrCat(request.amount), absl::StrCat(request.granted), absl::StrCat(request.delivered),
       absl::StrCat(request.wanted), Millis(times_.holder_silence), Millis(times_.settle), KeptFor(key)},
      deadline, [done = std::move(done)](absl::StatusOr<Numbers> numbers) mutable {
        if (!numbers.ok()) return done(numbers.status());
        done(LeaseIn(*numbers));
      });
}

void RedisBudgetStore::Hold(const HoldRequest& request, absl::Time deadline, Done done) {
  if (absl::Status status = CheckHoldRequest(request); !status.ok()) return done(std::move(status));
  const BudgetKey& account = request.account;
  Ask(HoldScript(),
      {BudgetAccountKey(account), BudgetHoldKey(account.tenant, request.decision), request.holder, account.budget,
       absl::StrCat(account.period), Millis(request.hold), Millis(StepOfHold(request.hold)), request.shown ? "1" : "0",
       Millis(kShownFor), KeptFor(account)},
      deadline, [done = std::move(done)](absl::StatusOr<Numbers> numbers) mutable {
        if (!numbers.ok()) return done(numbers.status());
        done(numbers->front() == 1);
      });
}

void RedisBudgetStore::ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change,
                                   absl::Time deadline, Done done) {
  if (absl::Status status = CheckDecision(tenant, decision); !status.ok()) return done(std::move(status));
  Ask(ChangeHoldsScript(),
      {BudgetHoldKey(tenant, decision), BudgetServerKey(tenant), NameOf(change), Millis(kShownFor)}, deadline,
      [done = std::move(done)](absl::StatusOr<Numbers> numbers) mutable {
        if (!numbers.ok()) return done(numbers.status());
        done(numbers->front() == 1);
      });
}

void RedisBudgetStore::Read(const BudgetKey& key, absl::Time deadline, UseDone done) {
  if (absl::Status status = CheckBudget(key.tenant, key.budget); !status.ok()) return done(std::move(status));
  Ask(ReadBudgetScript(), {BudgetAccountKey(key), Millis(times_.holder_presence)}, deadline,
      [done = std::move(done)](absl::StatusOr<Numbers> numbers) mutable {
        if (!numbers.ok()) return done(numbers.status());
        if (numbers->size() != 3) return done(UnexpectedReply());
        done(BudgetUse{(*numbers)[0], (*numbers)[1], (*numbers)[2]});
      });
}

}  // namespace waymark::store
