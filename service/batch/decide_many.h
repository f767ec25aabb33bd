#ifndef WAYMARK_SERVICE_BATCH_DECIDE_MANY_H_
#define WAYMARK_SERVICE_BATCH_DECIDE_MANY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
#include "service/engine/engine.h"

namespace waymark::batch {

// Customers of whom the same is asked.
struct ManyToDecide {
  struct Each {
    std::string customer;
    std::string decision_id;  // empty: a new one
    std::string locale;       // empty: the common one
  };

  engine::DecideRequest common;  // without a customer, events or a decision id
  std::vector<Each> customers;   // all are in memory at once: a hundred or so
};

// Decides for each as live traffic is decided, but reads their profiles together, and decides nobody without what is
// stored. On the caller's thread, which may block, so that it takes nothing from the threads that serve others.
//
// The answers beside the customers: with Engine::Decide's errors, UNAVAILABLE where the store is away or too slow,
// DATA_LOSS where the profile is damaged. The status of `cancellation` once it is cancelled; what was begun then goes
// on, unheard.
absl::StatusOr<std::vector<absl::StatusOr<engine::DecideAnswer>>> DecideMany(
    const Environment& environment, engine::Engine& engine, const ManyToDecide& many,
    const std::shared_ptr<Cancellation>& cancellation);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_DECIDE_MANY_H_
