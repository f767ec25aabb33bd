#include "service/cli/print_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "service/cli/print.h"
#include "service/cli/progress.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

constexpr int kMaxDifferences = 20;

std::string ActionsText(const google::protobuf::RepeatedPtrField<std::string>& actions) {
  return actions.empty() ? "nothing" : absl::StrJoin(actions, ", ");
}

std::string IntervalText(const v1::ConfidenceInterval& interval) {
  return absl::StrFormat("%.1f..%.1f", 100 * interval.low(), 100 * interval.high());
}

std::string RateText(const v1::Rate& rate) {
  std::string out = absl::StrFormat("%7s of %7s  %5.1f %%  (%s)", Grouped(rate.hits()), Grouped(rate.total()),
                                    100 * rate.rate(), IntervalText(rate.interval()));
  if (!rate.has_difference()) return out;
  const v1::ConfidenceInterval& interval = rate.difference_interval();
  const bool clear = interval.low() > 0 || interval.high() < 0;
  absl::StrAppendFormat(&out, "  %+.1f to the rest (%s)%s", 100 * rate.difference(), IntervalText(interval),
                        clear ? " *" : "");
  return out;
}

std::string GroupName(const v1::AuditedGroup& group) {
  if (group.other()) return "(others)";
  return group.not_known() ? "(not known)" : group.value();
}

}  // namespace

std::string ExplanationText(const v1::ExplainDecisionResponse& response) {
  std::string out;
  if (!response.decisions().empty()) {
    const v1::Decision& first = response.decisions(0);
    absl::StrAppend(&out, "decision ", first.decision_id(), " of ",
                    absl::FormatTime(absl::RFC3339_sec, FromTimestamp(first.decided_at()), absl::UTCTimeZone()), "\n");
  }
  for (const v1::Decision& decision : response.decisions()) {
    absl::StrAppend(&out, DecisionText(response.customer(), decision));
  }
  return out;
}

std::string ReplayText(const v1::ReplayDecisionsResponse& response, bool what_if) {
  std::string out = absl::StrCat(Grouped(response.replayed()), " decisions made again: ", Grouped(response.equal()),
                                 " equal, ", Grouped(response.replayed() - response.equal()), " different\n");
  if (response.not_replayed() > 0) {
    absl::StrAppend(&out, Grouped(response.not_replayed()), " could not be made again: ", response.first_refusal(),
                    "\n");
  }
  if (what_if) {
    absl::StrAppend(&out, "      same    gained      lost\n");
    for (const v1::ReplayedAction& action : response.actions()) {
      absl::StrAppendFormat(&out, "%10s%10s%10s  %s: %s\n", Grouped(action.same()), Grouped(action.gained()),
                            Grouped(action.lost()), action.placement(), action.action());
    }
  }
  for (const v1::ReplayDifference& difference : response.differences()) {
    absl::StrAppend(&out, "  ", difference.decision_id());
    if (difference.placement().empty()) {
      absl::StrAppend(&out, ": the same actions, with other contents, priorities or contacts\n");
    } else {
      absl::StrAppend(&out, " at ", difference.placement(), ": ", ActionsText(difference.before()), " -> ",
                      ActionsText(difference.after()), "\n");
    }
  }
  return out;
}

std::string AuditText(absl::string_view trait, const v1::AuditDecisionsResponse& response) {
  std::string out = absl::StrCat(Grouped(response.decisions()), " decisions by ", trait,
                                 "; 95 % confidence; * where the rest differs\n");
  for (const v1::AuditedGroup& group : response.groups()) {
    absl::StrAppendFormat(&out, "%s: %s customers\n", GroupName(group), Grouped(group.customers()));
    absl::StrAppend(&out, "  offered   ", RateText(group.offered()), "\n");
    absl::StrAppend(&out, "  accepted  ", RateText(group.accepted()), "\n");
  }
  if (response.anonymous() > 0)
    absl::StrAppend(&out, Grouped(response.anonymous()), " for anonymous visitors are not counted\n");
  if (response.not_counted() > 0) {
    absl::StrAppend(&out, Grouped(response.not_counted()),
                    " could not be counted: damaged, or their playbook is not kept any more\n");
  }
  return out;
}

void AddReplay(const v1::ReplayDecisionsResponse& replay, v1::ReplayDecisionsResponse& sum) {
  sum.set_decisions(sum.decisions() + replay.replayed() + replay.not_replayed());
  sum.set_estimated_total(sum.decisions());
  sum.set_done(true);
  sum.set_replayed(sum.replayed() + replay.replayed());
  sum.set_equal(sum.equal() + replay.equal());
  if (sum.not_replayed() == 0) sum.set_first_refusal(replay.first_refusal());
  sum.set_not_replayed(sum.not_replayed() + replay.not_replayed());
  for (const v1::ReplayedAction& action : replay.actions()) {
    const auto same = [&action](const v1::ReplayedAction& other) {
      return other.placement() == action.placement() && other.action() == action.action();
    };
    auto& actions = *sum.mutable_actions();
    auto found = std::find_if(actions.begin(), actions.end(), same);
    if (found == actions.end()) {
      *actions.Add() = action;
      continue;
    }
    found->set_same(found->same() + action.same());
    found->set_gained(found->gained() + action.gained());
    found->set_lost(found->lost() + action.lost());
  }
  for (const v1::ReplayDifference& difference : replay.differences()) {
    if (sum.differences_size() < kMaxDifferences) *sum.add_differences() = difference;
  }
}

}  // namespace waymark::cli
