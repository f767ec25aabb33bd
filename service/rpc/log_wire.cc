#include "service/rpc/log_wire.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/playbook/yaml_reader.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/to_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using base::FieldError;

constexpr int kMaxDecisionIds = 1'000;
constexpr int kMaxRecords = 10'000;
constexpr int kMaxAcceptedBy = 16;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxTokenBytes = 512;

template <typename Request>
absl::StatusOr<batch::TimeRange> RangeFromWire(const Request& wire) {
  batch::TimeRange range;
  if (wire.has_since()) {
    absl::StatusOr<absl::Time> since = TimeFromWire("since", wire.since());
    if (!since.ok()) return since.status();
    range.since = *since;
  }
  if (wire.has_until()) {
    absl::StatusOr<absl::Time> until = TimeFromWire("until", wire.until());
    if (!until.ok()) return until.status();
    range.until = *until;
  }
  if (range.until <= range.since) return FieldError("until", "this must be after `since`");
  return range;
}

void IntervalToWire(const segmentation::Interval& interval, v1::ConfidenceInterval& wire) {
  wire.set_low(interval.low);
  wire.set_high(interval.high);
}

// `all`: of all groups together.
void RateToWire(const segmentation::Proportion& proportion, const segmentation::Proportion& all, v1::Rate& wire) {
  wire.set_hits(proportion.hits);
  wire.set_total(proportion.total);
  wire.set_rate(proportion.rate());
  IntervalToWire(segmentation::WilsonInterval(proportion), *wire.mutable_interval());
  const segmentation::Proportion rest{all.hits - proportion.hits, all.total - proportion.total};
  if (rest.total == 0 || proportion.total == 0) return;
  wire.set_difference(proportion.rate() - rest.rate());
  IntervalToWire(segmentation::NewcombeInterval(proportion, rest), *wire.mutable_difference_interval());
}

}  // namespace

absl::StatusOr<batch::DecisionName> FromWire(const v1::ExplainDecisionRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  if (wire.has_token()) {
    WAYMARK_RETURN_IF_ERROR(CheckText("token", wire.token(), 1, kMaxTokenBytes));
    return batch::DecisionName{.token = wire.token()};
  }
  WAYMARK_RETURN_IF_ERROR(CheckText("decision_id", wire.decision_id(), 1, kMaxNameBytes));
  return batch::DecisionName{.decision_id = wire.decision_id()};
}

absl::StatusOr<batch::ReplayRequest> FromWire(const v1::ReplayDecisionsRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  absl::StatusOr<batch::TimeRange> range = RangeFromWire(wire);
  if (!range.ok()) return range.status();
  if (wire.decision_ids_size() > kMaxDecisionIds)
    return FieldError("decision_ids", absl::StrCat("at most ", kMaxDecisionIds));
  for (int i = 0; i < wire.decision_ids_size(); ++i) {
    WAYMARK_RETURN_IF_ERROR(CheckText(absl::StrCat("decision_ids[", i, "]"), wire.decision_ids(i), 1, kMaxNameBytes));
  }
  if (wire.records_size() > kMaxRecords) return FieldError("records", absl::StrCat("at most ", kMaxRecords));
  if (wire.has_playbook_text())
    WAYMARK_RETURN_IF_ERROR(CheckText("playbook_text", wire.playbook_text(), 1, playbook::kMaxYamlBytes));
  return batch::ReplayRequest{.tenant = wire.tenant(),
                              .range = *range,
                              .decision_ids = {wire.decision_ids().begin(), wire.decision_ids().end()},
                              .records = {wire.records().begin(), wire.records().end()}};
}

absl::StatusOr<batch::TimeRange> FromWire(const v1::ExportDecisionsRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  return RangeFromWire(wire);
}

absl::StatusOr<batch::AuditRequest> FromWire(const v1::AuditDecisionsRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  WAYMARK_RETURN_IF_ERROR(CheckText("trait", wire.trait(), 1, kMaxNameBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText("placement", wire.placement(), 0, kMaxNameBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText("action", wire.action(), 0, kMaxNameBytes));
  if (wire.accepted_by_size() > kMaxAcceptedBy)
    return FieldError("accepted_by", absl::StrCat("at most ", kMaxAcceptedBy));
  absl::StatusOr<batch::TimeRange> range = RangeFromWire(wire);
  if (!range.ok()) return range.status();
  return batch::AuditRequest{.tenant = wire.tenant(),
                             .trait = wire.trait(),
                             .range = *range,
                             .placement = wire.placement(),
                             .action = wire.action(),
                             .accepted_by = {wire.accepted_by().begin(), wire.accepted_by().end()}};
}

void ToWire(const batch::Explained& explained, v1::ExplainDecisionResponse& wire) {
  wire.set_customer(explained.customer);
  ToWire(explained.answer, *wire.mutable_decisions());
}

void ToWire(const batch::Replay& replay, v1::ReplayDecisionsResponse& wire) {
  wire.set_decisions(replay.progress.decisions);
  wire.set_estimated_total(replay.progress.estimated_total);
  wire.set_replayed(replay.replayed);
  wire.set_equal(replay.equal);
  wire.set_not_replayed(replay.not_replayed);
  wire.set_first_refusal(replay.first_refusal);
  for (const auto& [name, counts] : replay.actions) {
    v1::ReplayedAction& action = *wire.add_actions();
    action.set_placement(name.first);
    action.set_action(name.second);
    action.set_same(counts.same);
    action.set_gained(counts.gained);
    action.set_lost(counts.lost);
  }
  for (const batch::ReplayDifference& difference : replay.differences) {
    v1::ReplayDifference& element = *wire.add_differences();
    element.set_decision_id(difference.decision_id);
    element.set_placement(difference.placement);
    element.mutable_before()->Add(difference.before.begin(), difference.before.end());
    element.mutable_after()->Add(difference.after.begin(), difference.after.end());
  }
}

void ToWire(const batch::Audit& audit, v1::AuditDecisionsResponse& wire) {
  wire.set_decisions(audit.progress.decisions);
  wire.set_estimated_total(audit.progress.estimated_total);
  wire.set_anonymous(audit.anonymous);
  wire.set_not_counted(audit.not_counted);
  segmentation::Proportion offered, accepted;
  for (const batch::AuditGroup& group : audit.groups) {
    offered = {offered.hits + group.offered.hits, offered.total + group.offered.total};
    accepted = {accepted.hits + group.accepted.hits, accepted.total + group.accepted.total};
  }
  for (const batch::AuditGroup& group : audit.groups) {
    v1::AuditedGroup& element = *wire.add_groups();
    if (group.other) {
      element.set_other(true);
    } else if (group.not_known) {
      element.set_not_known(true);
    } else {
      element.set_value(group.value);
    }
    element.set_customers(group.customers);
    RateToWire(group.offered, offered, *element.mutable_offered());
    RateToWire(group.accepted, accepted, *element.mutable_accepted());
  }
}

}  // namespace waymark::rpc
