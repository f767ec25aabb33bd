#include "service/rpc/to_wire.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/affinity.h"
#include "segmentation/population.h"
#include "segmentation/scores.h"
#include "service/base/field_error.h"
#include "service/rpc/positions_to_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using playbook::NameOf;

std::string Name(const playbook::Playbook& playbook, segmentation::NameId id) {
  return std::string(NameOf(playbook, id));
}

void SeriesToWire(const segmentation::Series& series, const playbook::Playbook& playbook, v1::EventSummary& wire) {
  wire.set_type(Name(playbook, series.event));
  wire.set_count(static_cast<int64_t>(series.count));
  wire.set_total(static_cast<double>(series.value_micros) / 1e6);
  TimeToWire(series.first, *wire.mutable_first_time());
  TimeToWire(series.last, *wire.mutable_last_time());
}

// What an id of an earlier playbook is called is not known any more: such traits and consents are left out.
bool IsKnown(const playbook::Playbook& playbook, segmentation::NameId id) { return playbook.names.contains(id); }

void ScoresToWire(const segmentation::Profile& profile, v1::Profile& wire) {
  const auto add = [&](absl::string_view type) {
    const segmentation::Score* score = segmentation::FindScore(profile, segmentation::NameIdOf(type));
    if (score == nullptr) return;
    v1::Score& entry = *wire.add_scores();
    entry.set_type(std::string(type));
    entry.set_value(static_cast<double>(score->value_micros) / 1e6);
    TimeToWire(score->at, *entry.mutable_time());
  };
  for (const segmentation::ScoreScale& scale : segmentation::ScoreScales()) add(scale.type);
  add("sentiment");
}

void FactsToWire(const segmentation::Profile& profile, const playbook::Playbook& playbook, v1::Profile& wire) {
  for (const segmentation::Trait& trait : profile.traits) {
    if (IsKnown(playbook, trait.name)) ValueToWire(trait.value, (*wire.mutable_traits())[Name(playbook, trait.name)]);
  }
  for (const segmentation::Consent& consent : profile.consents) {
    if (!IsKnown(playbook, consent.purpose)) continue;
    v1::Consent& entry = (*wire.mutable_consents())[Name(playbook, consent.purpose)];
    entry.set_granted(consent.granted);
    TimeToWire(consent.at, *entry.mutable_time());
  }
  for (const segmentation::Series& series : profile.ledger.series()) {
    SeriesToWire(series, playbook, *wire.add_events());
  }
  // By name; the ledger's own order is that of hashes.
  std::sort(wire.mutable_events()->begin(), wire.mutable_events()->end(),
            [](const v1::EventSummary& a, const v1::EventSummary& b) { return a.type() < b.type(); });
  for (const segmentation::Contact& contact : profile.contacts) {
    if (contact.channel == segmentation::NameId{}) continue;  // of an action that does nothing
    v1::Contact& entry = *wire.add_contacts();
    entry.set_action(Name(playbook, contact.action));
    entry.set_channel(Name(playbook, contact.channel));
    TimeToWire(contact.at, *entry.mutable_time());
  }
  for (const segmentation::Outcome& outcome : profile.outcomes) {
    v1::Outcome& entry = *wire.add_outcomes();
    entry.set_action(Name(playbook, outcome.action));
    entry.set_type(Name(playbook, outcome.type));
    TimeToWire(outcome.at, *entry.mutable_time());
  }
  ScoresToWire(profile, wire);
}

void AffinitiesToWire(const engine::ProfileAnswer& answer, v1::Profile& wire) {
  for (const segmentation::Affinity& affinity : answer.profile.affinities) {
    if (!IsKnown(*answer.playbook, affinity.name)) continue;
    v1::Affinity& entry = *wire.add_affinities();
    entry.set_name(Name(*answer.playbook, affinity.name));
    entry.set_weight(segmentation::AffinityOf(answer.profile, affinity.name, answer.at));
  }
  std::sort(wire.mutable_affinities()->begin(), wire.mutable_affinities()->end(),
            [](const v1::Affinity& a, const v1::Affinity& b) {
              return std::make_tuple(-a.weight(), a.name()) < std::make_tuple(-b.weight(), b.name());
            });
}

void OutlookToWire(const engine::ProfileAnswer& answer, v1::Outlook& wire) {
  const segmentation::Population& population = *answer.playbook->population;
  const segmentation::PopulationReader reader(population, answer.profile, answer.at);
  wire.set_population_version(population.version);
  if (const auto rfm = reader.rfm(); rfm.has_value()) {
    wire.set_rfm_cell(rfm->cell());
    wire.set_rfm_segment(std::string(segmentation::NameOf(rfm->segment())));
  }
  if (const auto value = reader.expected_purchases(population.horizon); value.has_value())
    wire.set_expected_purchases(*value);
  if (const auto value = reader.lifetime_value(); value.has_value()) wire.set_lifetime_value(*value);
  if (const auto value = reader.probability_alive(); value.has_value()) wire.set_probability_alive(*value);
  if (const auto persona = reader.persona(); persona.has_value()) wire.set_persona(std::string(*persona));
}

absl::Status Withheld(const engine::Receipt& receipt) {
  return base::FieldError("event.only_if_allowed",
                          absl::StrCat("not allowed any more (", v1::ReasonCode_Name(ToWire(receipt.disallowed)),
                                       "): ", receipt.disallowed_detail));
}

}  // namespace

void PositionToWire(const segmentation::JourneyPosition& position, const playbook::Playbook& playbook,
                    v1::JourneyPosition& wire) {
  wire.set_journey(Name(playbook, position.journey));
  wire.set_stage(Name(playbook, position.current.stage));
  TimeToWire(position.current.since, *wire.mutable_since());
  if (!position.history.empty()) wire.set_previous_stage(Name(playbook, position.history.back().stage));
}

void PositionsToWire(const std::vector<segmentation::JourneyPosition>& positions, const playbook::Playbook& playbook,
                     google::protobuf::RepeatedPtrField<v1::JourneyPosition>& wire) {
  for (const playbook::Journey& journey : playbook.journeys) {
    for (const segmentation::JourneyPosition& position : positions) {
      if (position.journey == journey.id) PositionToWire(position, playbook, *wire.Add());
    }
  }
}

void ToWire(const engine::Receipt& receipt, const playbook::Playbook& playbook, v1::EventReceipt& wire) {
  wire.set_duplicate(receipt.duplicate);
  for (const engine::StageChange& change : receipt.stage_changes) {
    v1::StageChange& entry = *wire.add_stage_changes();
    entry.set_journey(Name(playbook, change.journey));
    if (change.from.has_value()) entry.set_from_stage(Name(playbook, *change.from));
    entry.set_to_stage(Name(playbook, change.to));
  }
  for (segmentation::NameId segment : receipt.segments_entered) wire.add_segments_entered(Name(playbook, segment));
  for (segmentation::NameId segment : receipt.segments_left) wire.add_segments_left(Name(playbook, segment));
  if (receipt.disallowed == decision::Reason::kChosen) return;
  wire.set_disallowed(ToWire(receipt.disallowed));
  wire.set_disallowed_detail(receipt.disallowed_detail);
  wire.set_withheld(receipt.withheld);
}

bool MayHelpToRepeat(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status);
}

void RefusalToWire(absl::string_view element, const absl::Status& status, v1::Problem& problem) {
  const std::vector<base::FieldViolation> violations = base::FieldViolationsOf(status);
  if (violations.empty()) {
    problem.set_field(std::string(element));
    problem.set_message(std::string(status.message()));
  } else {
    problem.set_field(absl::StrCat(element, ".", violations[0].field));
    problem.set_message(violations[0].description);
  }
}

void RefusalToWire(int index, const absl::Status& status, v1::RefusedEvent& wire) {
  wire.set_index(index);
  wire.set_retry(MayHelpToRepeat(status));
  RefusalToWire(absl::StrCat("events[", index, "]"), status, *wire.mutable_problem());
}

void ToWire(const RecordBatch& batch, absl::Span<const engine::RecordAnswer::Item> items,
            v1::RecordEventsResponse& wire) {
  std::vector<std::pair<int, absl::Status>> refused = batch.refused;
  int recorded = 0;
  int duplicates = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const engine::RecordAnswer::Item& item = items[i];
    if (!item.status.ok()) {
      refused.emplace_back(batch.indexes[i], item.status);
    } else if (item.receipt.withheld) {
      refused.emplace_back(batch.indexes[i], Withheld(item.receipt));
    } else {
      ++(item.receipt.duplicate ? duplicates : recorded);
    }
  }
  std::sort(refused.begin(), refused.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  wire.set_recorded(recorded);
  wire.set_duplicates(duplicates);
  for (const auto& [index, status] : refused) RefusalToWire(index, status, *wire.add_refused());
}

void ToWire(const engine::ProfileAnswer& answer, absl::string_view customer, v1::Profile& wire) {
  const playbook::Playbook& playbook = *answer.playbook;
  wire.set_customer(std::string(customer));
  FactsToWire(answer.profile, playbook, wire);
  PositionsToWire(answer.profile.positions, playbook, *wire.mutable_positions());
  for (segmentation::NameId segment : answer.profile.derived.segments) wire.add_segments(Name(playbook, segment));
  std::sort(wire.mutable_segments()->begin(), wire.mutable_segments()->end());
  TimeToWire(answer.profile.created, *wire.mutable_create_time());
  TimeToWire(answer.profile.updated, *wire.mutable_update_time());
  wire.set_etag(EtagOf(answer.revision));
  AffinitiesToWire(answer, wire);
  if (playbook.population != nullptr) OutlookToWire(answer, *wire.mutable_outlook());
}

void ToWire(const engine::EvaluateAnswer& answer, v1::EvaluateCustomerResponse& wire) {
  const playbook::Playbook& playbook = *answer.playbook;
  for (size_t i = 0; i < answer.segments.size(); ++i) {
    v1::SegmentVerdict& verdict = *wire.add_segments();
    verdict.set_segment(playbook.segments[i].name);
    const engine::Verdict& said = answer.segments[i];
    verdict.set_member(said.member);
    if (said.was_member.has_value()) verdict.set_was_member(*said.was_member);
    verdict.set_rule(std::string(said.rule.source()));
    verdict.set_error(said.error);
    for (const engine::Verdict::Part& part : said.parts) {
      v1::RulePart& element = *verdict.add_parts();
      element.set_text(part.text);
      element.set_value(part.value);
      element.set_error(part.error);
      element.set_fact(part.fact);
    }
  }
  std::sort(wire.mutable_segments()->begin(), wire.mutable_segments()->end(),
            [](const v1::SegmentVerdict& a, const v1::SegmentVerdict& b) { return a.segment() < b.segment(); });
  PositionsToWire(answer.positions, playbook, *wire.mutable_positions());
  wire.set_playbook_version(playbook.version);
  TimeToWire(answer.evaluated_at, *wire.mutable_evaluated_at());
}

void ToWire(const batch::ResegmentProgress& progress, v1::ResegmentResponse& wire) {
  wire.set_profiles(progress.profiles);
  wire.set_changed(progress.changed);
  wire.set_damaged(progress.damaged);
  wire.set_estimated_total(progress.estimated_total);
  wire.set_done(progress.done);
  const playbook::Playbook& playbook = *progress.playbook;
  for (size_t i = 0; i < progress.members.size(); ++i) {
    v1::SegmentCount& count = *wire.add_segments();
    count.set_segment(playbook.segments[i].name);
    count.set_members(progress.members[i]);
  }
  for (size_t i = 0; i < progress.customers.size(); ++i) {
    for (size_t j = 0; j < progress.customers[i].size(); ++j) {
      v1::StageCount& count = *wire.add_stages();
      count.set_journey(playbook.journeys[i].name);
      count.set_stage(playbook.journeys[i].stages[j].name);
      count.set_customers(progress.customers[i][j]);
    }
  }
}

void ToWire(const batch::MembersPage& page, v1::ListMembersResponse& wire) {
  wire.mutable_customers()->Add(page.customers.begin(), page.customers.end());
  wire.set_profiles(page.progress.profiles);
  wire.set_damaged(page.progress.damaged);
  wire.set_estimated_total(page.progress.estimated_total);
}

void ToWire(const batch::NamedChange& change, v1::MembershipChange& wire) {
  wire.set_customer(change.customer);
  wire.mutable_entered()->Add(change.entered.begin(), change.entered.end());
  wire.mutable_left()->Add(change.left.begin(), change.left.end());
  TimeToWire(change.stored_at, *wire.mutable_stored_at());
  wire.set_playbook_version(change.playbook_version);
}

void ToWire(const playbook::Problem& problem, v1::Problem& wire) {
  wire.set_field(problem.field);
  wire.set_line(problem.line);
  wire.set_column(problem.column);
  wire.set_message(problem.message);
}

void ToWire(const engine::ApplyAnswer& answer, v1::ApplyPlaybookResponse& wire) {
  wire.set_version(answer.version);
  wire.set_unchanged(answer.unchanged);
}

void ToWire(const engine::PlaybookText& text, v1::GetPlaybookResponse& wire) {
  wire.set_version(text.version);
  wire.set_text(text.text);
  TimeToWire(text.applied_at, *wire.mutable_apply_time());
}

void ToWire(const engine::BudgetStatus& budget, v1::BudgetStatus& wire) {
  wire.set_name(budget.name);
  wire.set_amount(budget.amount);
  wire.set_taken(budget.use.taken);
  wire.set_leased(budget.use.leased);
  wire.set_held(budget.use.held);
  wire.set_left(budget.amount - budget.use.taken - budget.use.leased - budget.use.held);
  if (budget.period != 0) TimeToWire(absl::FromUnixSeconds(budget.period), *wire.mutable_period_start());
}

absl::Status ProblemsToStatus(const std::vector<playbook::Problem>& problems) {
  std::vector<base::FieldViolation> violations;
  violations.reserve(problems.size());
  for (const playbook::Problem& problem : problems) {
    violations.push_back({problem.field, absl::StrCat(problem.line, ":", problem.column, ": ", problem.message)});
  }
  return base::FieldErrors(violations);
}

}  // namespace waymark::rpc
