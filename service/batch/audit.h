#ifndef WAYMARK_SERVICE_BATCH_AUDIT_H_
#define WAYMARK_SERVICE_BATCH_AUDIT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "segmentation/proportions.h"
#include "service/batch/log_walk.h"

namespace waymark::batch {

struct AuditRequest {
  std::string tenant;
  std::string trait;
  TimeRange range;
  std::string placement;                 // empty: all
  std::string action;                    // empty: any action of kind OFFER
  std::vector<std::string> accepted_by;  // event types; empty: select_promotion and purchase
};

// A value of the trait, or a range of numbers; a customer counts with the value that a decision saw.
struct AuditGroup {
  static constexpr int64_t kMinCustomers = 5;

  std::string value;       // of a range: "26 to 34"
  double order = 0;        // of a number or a range, among the others
  bool not_known = false;  // those of whom the trait is not known
  bool other = false;      // values with fewer than 5 customers, together
  int64_t customers = 0;
  segmentation::Proportion offered;   // of what was asked: a placement of a decision, each
  segmentation::Proportion accepted;  // of what was offered
};

struct Audit {
  LogProgress progress;
  std::vector<AuditGroup> groups;  // by value; then those that are not known, and the others
  int64_t anonymous = 0;           // what anonymous visitors asked, of whom nothing is known
  int64_t not_counted = 0;         // decisions whose playbook is not kept any more, and damaged entries
};

// Compares how often an offer is made, and accepted, over a trait's values. An offer is accepted where one of the
// events carries its token. A fallback is no offer. A retry counts once. Numbers are put into the population's deciles;
// where there are none, more than ten of them into the quartiles of the customers that are seen. Blocks; memory: 8
// bytes a customer and value, and what the decisions of one shard take.
//
// INVALID_ARGUMENT: no such trait, placement, action or event type; a list; a trait of more than 1,000 values.
// FAILED_PRECONDITION: fewer than 5 customers.
absl::StatusOr<Audit> AuditDecisions(const LogEnvironment& environment, const AuditRequest& request,
                                     const std::shared_ptr<Cancellation>& cancellation,
                                     absl::FunctionRef<void(const LogProgress&)> progress);

// Puts groups of fewer than 5 customers together, and the smallest of the rest with them until they are 5. Pure.
std::vector<AuditGroup> PoolSmallGroups(std::vector<AuditGroup> groups);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_AUDIT_H_
