#ifndef WAYMARK_SERVICE_BATCH_REPLAY_H_
#define WAYMARK_SERVICE_BATCH_REPLAY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "service/batch/log_walk.h"

namespace waymark::batch {

// Which decisions are made again: those that are given, or else those of the log.
struct ReplayRequest {
  std::string tenant;
  TimeRange range;                        // of the log
  std::vector<std::string> decision_ids;  // of the log; empty: all
  std::vector<std::string> records;       // given, as Export gives them; not empty: the log is not read
  PlaybookPointer playbook;               // instead of the one of then; nullptr: that one
};

// Of an action in a placement: answers that both give, that only the new one gives, and only the old one.
struct ActionCounts {
  int64_t same = 0;
  int64_t gained = 0;
  int64_t lost = 0;
};

// A decision that is another one now, in one placement; actions by name, best first.
struct ReplayDifference {
  std::string decision_id;
  std::string placement;
  std::vector<std::string> before;
  std::vector<std::string> after;
};

struct Replay {
  LogProgress progress;
  int64_t replayed = 0;
  // With the same playbook: the same bit for bit, contents and contacts too. With another one: the same actions.
  int64_t equal = 0;
  int64_t not_replayed = 0;   // damaged, or their playbook, population or placements are not kept any more
  std::string first_refusal;  // why the first of those was not
  std::map<std::pair<std::string, std::string>, ActionCounts> actions;  // by placement and action
  std::vector<ReplayDifference> differences;                            // the first 20
};

// Makes decisions again and says whether they are the same, or, with another playbook, how they differ; the population
// is that of then. Blocks; about what the decisions took when they were made. `progress` after each page.
absl::StatusOr<Replay> ReplayDecisions(const LogEnvironment& environment, const ReplayRequest& request,
                                       const std::shared_ptr<Cancellation>& cancellation,
                                       absl::FunctionRef<void(const Replay&)> progress);

// A logged decision with its names, and the record that replays it.
struct ExportedDecision {
  store::LoggedDecision decision;
  PlaybookPointer playbook;  // gives its names; nullptr: not kept any more
  std::string record;
};

// Gives the decisions of this time, a page at a time; `page` says whether more is wanted.
absl::Status ExportDecisions(const LogEnvironment& environment, const std::string& tenant, const TimeRange& range,
                             const std::shared_ptr<Cancellation>& cancellation,
                             absl::FunctionRef<bool(std::vector<ExportedDecision>, const LogProgress&)> page);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_REPLAY_H_
