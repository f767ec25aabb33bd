#include "service/engine/engine_metrics.h"

#include <iterator>

namespace waymark::engine {
namespace {

constexpr base::MetricName kDecisions = {"waymark_decisions_total",
                                         "Placements that were decided, by what was given and what was known."};
constexpr base::MetricName kCandidates = {"waymark_candidates_total",
                                          "Candidates that decisions looked at, by what became of them."};
constexpr base::MetricName kEvents = {"waymark_events_total", "Events, by what became of them."};

constexpr const char* kKnowledgeNames[] = {"profile",          "unknown_customer", "store_unavailable",
                                           "profile_unusable", "no_consent",       "stale_profile"};
constexpr const char* kOutcomeNames[] = {"chosen", "fallback", "nothing"};
constexpr const char* kEventResultNames[] = {"recorded", "disallowed", "duplicate", "withheld", "refused", "failed"};
// As the contract's ReasonCode has them.
constexpr const char* kReasonNames[] = {
    "kind",        "placement",  "channel",        "validity",   "stage",     "eligibility",   "applicability",
    "suitability", "rule_error", "consent",        "suppressed", "not_after", "limit_unknown", "limit",
    "quiet_hours", "budget",     "budget_unknown", "experiment", "hold_out",  "value_error",   "content_error",
    "slate",       "bundle",     "outranked",      "chosen",     "fallback",
};
static_assert(std::size(kReasonNames) == decision::kReasons);

}  // namespace

void EngineMetrics::CountDecision(const decision::Decision& decision, Knowledge knowledge) {
  for (const decision::PlacementDecision& placement : decision.placements) {
    const Outcome outcome = placement.chosen.empty()            ? kNothing
                            : placement.chosen.front().fallback ? kFallback
                                                                : kChosen;
    decided_.Add(static_cast<size_t>(knowledge) * kOutcomes + outcome);
  }
  for (size_t i = 0; i < decision::kReasons; ++i) {
    if (decision.reasons[i] > 0) candidates_.Add(i, decision.reasons[i]);
  }
}

void EngineMetrics::CountEvent(const absl::Status& status, const Receipt& receipt) {
  if (!status.ok()) return events_.Add(absl::IsInvalidArgument(status) ? kRefused : kFailed);
  if (receipt.duplicate) return events_.Add(kDuplicate);
  if (receipt.withheld) return events_.Add(kWithheld);
  events_.Add(receipt.disallowed == decision::Reason::kChosen ? kRecorded : kDisallowed);
}

void EngineMetrics::Collect(base::MetricWriter& writer) const {
  static_assert(std::size(kKnowledgeNames) == kKnowledges && std::size(kOutcomeNames) == kOutcomes &&
                std::size(kEventResultNames) == kEventResults);
  for (size_t knowledge = 0; knowledge < kKnowledges; ++knowledge) {
    for (size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      writer.WriteCounter(kDecisions, {{"outcome", kOutcomeNames[outcome]}, {"knowledge", kKnowledgeNames[knowledge]}},
                          static_cast<double>(decided_.value(knowledge * kOutcomes + outcome)));
    }
  }
  for (size_t i = 0; i < decision::kReasons; ++i) {
    writer.WriteCounter(kCandidates, {{"reason", kReasonNames[i]}}, static_cast<double>(candidates_.value(i)));
  }
  for (size_t i = 0; i < kEventResults; ++i) {
    writer.WriteCounter(kEvents, {{"result", kEventResultNames[i]}}, static_cast<double>(events_.value(i)));
  }
}

}  // namespace waymark::engine
