#ifndef WAYMARK_SERVICE_STORE_DECISION_RECORDS_H_
#define WAYMARK_SERVICE_STORE_DECISION_RECORDS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"
#include "segmentation/facts.h"
#include "segmentation/profile.h"

namespace waymark::store {

// What a decision was asked, beside its placements, with ids in place of a playbook's indexes.
struct LoggedRequest {
  std::string locale;
  segmentation::Context context;
  absl::optional<int> kind;  // as playbook::ActionKind counts
  int max_actions = 0;
  bool contacts_known = true;
  uint64_t unit = 0;  // whom experiments put into an arm
  // The budgets of which something was known, and how many units the decision might take.
  std::vector<std::pair<segmentation::NameId, int8_t>> budgets;

  friend bool operator==(const LoggedRequest&, const LoggedRequest&) = default;
};

// What was answered for one placement, best first.
struct LoggedPlacement {
  segmentation::NameId placement{};
  std::vector<segmentation::NameId> actions;
  std::vector<double> priorities;  // beside the actions
  bool fallback = false;           // the one action is the placement's fallback

  friend bool operator==(const LoggedPlacement&, const LoggedPlacement&) = default;
};

// Everything that one call's decision was made of, and what it answered. A value.
struct LoggedDecision {
  std::string decision_id;
  std::string customer;  // empty: an anonymous visitor
  absl::Time decided_at;
  uint64_t playbook_version = 0;
  uint64_t population_version = 0;  // 0: there was none
  int knowledge = 0;                // as engine::Knowledge counts
  // What the decision saw of the customer, encoded (codec.h) without event ids; nullopt: nothing.
  absl::optional<std::string> profile;
  LoggedRequest request;
  std::vector<LoggedPlacement> placements;  // in the order in which they were asked for
  uint64_t answer_hash = 0;

  friend bool operator==(const LoggedDecision&, const LoggedDecision&) = default;
};

// An event that carried a decision's token.
struct LoggedOutcome {
  uint64_t decision = 0;  // as in the token
  segmentation::NameId action{};
  segmentation::NameId event{};
  absl::Time at;

  friend bool operator==(const LoggedOutcome&, const LoggedOutcome&) = default;
};

using LogRecord = absl::variant<LoggedDecision, LoggedOutcome>;

// The bytes at rest of an entry of the decision log (waymark.storage.v1.DecisionLogEntry), with a checksum. Pure
// functions. Decode: DATA_LOSS where they are not what Encode gave.
std::string EncodeLogRecord(const LogRecord& record);
absl::StatusOr<LogRecord> DecodeLogRecord(absl::string_view bytes);

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_DECISION_RECORDS_H_
