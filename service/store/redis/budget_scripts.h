#ifndef WAYMARK_SERVICE_STORE_REDIS_BUDGET_SCRIPTS_H_
#define WAYMARK_SERVICE_STORE_REDIS_BUDGET_SCRIPTS_H_

#include "service/store/redis/scripts.h"

// The arithmetic of service/store/budget_account.h in Lua, by Redis's own clock. Each script answers with integers, of
// which the first says how many replicas are connected and up to date.
//
// An account is a hash: "b" what is taken, "h:<holder>" a holder's number, granted, delivered, answer and when it was
// heard of, "e:<moment>" how many are held until then. Times are milliseconds since 1970. What a decision holds is
// another: of each budget the account's period, the moment, and how often it was confirmed.
namespace waymark::store {

// KEYS: the account, the tenant's record of the server. ARGV: holder, number, amount, granted, delivered, wanted, for
// how long holders may be silent, for how long a restarted server grants nothing, for how long the account is kept (0:
// for ever). Gives granted and left; -1 alone where a later request of the holder was answered, -2 alone where nothing
// is granted yet.
const Script& LeaseScript();

// KEYS: the account, the decision's holds. ARGV: holder, budget, period, for how long, in steps of what, 1 where it is
// shown, for how long that is remembered, for how long the account is kept. Gives 1, or 0 where the decision has one of
// that budget already.
const Script& HoldScript();

// KEYS: the decision's holds. ARGV: how the accounts' names begin, what to do ("confirm", "withdraw", "release"), for
// how long a confirmation is remembered. Gives 1 or 0. It computes the accounts' names, which are in the same slot.
const Script& ChangeHoldsScript();

// KEYS: the account. ARGV: for how long a holder that is not heard of is there. Gives taken, leased, held.
const Script& ReadBudgetScript();

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_BUDGET_SCRIPTS_H_
