#include "service/rpc/journey_map_wire.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/util/time_util.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using google::protobuf::util::TimeUtil;

constexpr size_t kMaxNameBytes = 128;
constexpr int kDefaultMinPeople = 10;
constexpr int kLeastMinPeople = 5;
constexpr int kMostMinPeople = 1'000'000;
constexpr absl::Duration kMostMaxAge = absl::Hours(24 * 366);

absl::StatusOr<store::JourneySelection> FromWire(absl::string_view field, const v1::MapSelection& wire) {
  const auto path = [field](absl::string_view name) { return absl::StrCat(field, ".", name); };
  WAYMARK_RETURN_IF_ERROR(CheckText(path("segment"), wire.segment(), 0, kMaxNameBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText(path("persona"), wire.persona(), 0, kMaxNameBytes));
  store::JourneySelection selection{.segment = wire.segment(), .persona = wire.persona()};
  if (wire.has_from()) {
    const absl::StatusOr<absl::Time> from = TimeFromWire(path("from"), wire.from());
    if (!from.ok()) return from.status();
    selection.from = *from;
  }
  if (wire.has_until()) {
    const absl::StatusOr<absl::Time> until = TimeFromWire(path("until"), wire.until());
    if (!until.ok()) return until.status();
    selection.until = *until;
  }
  if (selection.from >= selection.until) return base::FieldError(path("until"), "after `from`");
  return selection;
}

absl::StatusOr<absl::Duration> MaxAgeFromWire(const google::protobuf::Duration& wire) {
  const absl::Duration age = absl::Seconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
  const bool sound = std::abs(wire.nanos()) < 1'000'000'000 && wire.seconds() >= 0 && wire.nanos() >= 0;
  if (!sound || age > kMostMaxAge) return base::FieldError("max_age", "0 to 366 days");
  return age;
}

void DurationToWire(absl::Duration duration, google::protobuf::Duration& wire) {
  wire = TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(duration));
}

void MoneyToWire(double units, const std::string& currency, v1::Money& wire) {
  wire.set_micros(std::llround(units * 1e6));
  wire.set_currency(currency);
}

template <typename Map>
void LabelsToWire(const playbook::Labels& labels, Map& wire) {
  for (const auto& [locale, text] : labels) wire[locale] = text;
}

void ToWire(const journey::MapEmotion& emotion, v1::Emotion& wire) {
  wire.set_mean(emotion.mean);
  wire.set_low(emotion.low);
  wire.set_high(emotion.high);
  wire.set_people(emotion.people);
  wire.set_responses(emotion.responses);
}

void ToWire(const journey::MapShare& share, v1::Share& wire) {
  wire.set_count(share.count);
  wire.set_of(share.of);
  wire.set_share(share.share);
  wire.set_low(share.low);
  wire.set_high(share.high);
}

template <typename Events>
void ToWire(const std::vector<journey::MapEvents>& events, Events& wire) {
  for (const journey::MapEvents& each : events) {
    v1::MapEvents& added = *wire.Add();
    added.set_event(each.event);
    added.set_volume(each.volume);
  }
}

void ToWire(const journey::MapStage& stage, const std::string& currency, v1::MapStage& wire) {
  wire.set_stage(stage.stage);
  LabelsToWire(stage.labels, *wire.mutable_labels());
  wire.set_goal(stage.goal);
  for (const std::string& touchpoint : stage.expected_touchpoints) wire.add_expected_touchpoints(touchpoint);
  wire.set_entries(stage.entries);
  wire.set_customers(stage.customers);
  wire.set_present(stage.present);
  wire.set_standing(stage.standing);
  wire.set_volume(stage.volume);
  for (const journey::MapMove& move : stage.moves) {
    v1::MapMove& added = *wire.add_moves();
    added.set_to_stage(move.to_stage);
    added.set_count(move.count);
    added.set_share(move.share);
  }
  ToWire(stage.progressed, *wire.mutable_progressed());
  ToWire(stage.dropped, *wire.mutable_dropped());
  if (stage.dwell_median.has_value()) DurationToWire(*stage.dwell_median, *wire.mutable_dwell_median());
  if (stage.dwell_p90.has_value()) DurationToWire(*stage.dwell_p90, *wire.mutable_dwell_p90());
  if (stage.velocity_median.has_value()) DurationToWire(*stage.velocity_median, *wire.mutable_velocity_median());
  if (stage.emotion.has_value()) ToWire(*stage.emotion, *wire.mutable_emotion());
  if (stage.value.has_value()) MoneyToWire(*stage.value, currency, *wire.mutable_value());
}

void ToWire(const journey::MapTouchpoint& touchpoint, v1::MapTouchpoint& wire) {
  wire.set_touchpoint(touchpoint.touchpoint);
  wire.set_channel(touchpoint.channel);
  LabelsToWire(touchpoint.labels, *wire.mutable_labels());
  wire.set_undeclared(touchpoint.undeclared);
  wire.set_volume(touchpoint.volume);
  wire.set_customers(touchpoint.customers);
  if (touchpoint.emotion.has_value()) ToWire(*touchpoint.emotion, *wire.mutable_emotion());
}

void ToWire(const journey::MapCell& cell, v1::MapCell& wire) {
  wire.set_stage(cell.stage);
  wire.set_touchpoint(cell.touchpoint);
  wire.set_volume(cell.volume);
  wire.set_customers(cell.customers);
  if (cell.emotion.has_value()) ToWire(*cell.emotion, *wire.mutable_emotion());
  ToWire(cell.progressed, *wire.mutable_progressed());
  ToWire(cell.events, *wire.mutable_events());
  wire.set_expected(cell.expected);
}

v1::PainPointKind KindToWire(journey::PainPointKind kind) {
  switch (kind) {
    case journey::PainPointKind::kDropOff:
      return v1::PAIN_POINT_KIND_DROP_OFF;
    case journey::PainPointKind::kEmotion:
      return v1::PAIN_POINT_KIND_EMOTION;
    case journey::PainPointKind::kTrouble:
      return v1::PAIN_POINT_KIND_TROUBLE;
  }
  return v1::PAIN_POINT_KIND_UNSPECIFIED;
}

void ToWire(const journey::PainPoint& pain, v1::PainPoint& wire) {
  wire.set_kind(KindToWire(pain.kind));
  wire.set_stage(pain.stage);
  wire.set_touchpoint(pain.touchpoint);
  wire.set_customers_lost(pain.customers_lost);
  wire.set_severity(pain.severity);
  if (pain.here.has_value()) ToWire(*pain.here, *wire.mutable_here());
  if (pain.elsewhere.has_value()) ToWire(*pain.elsewhere, *wire.mutable_elsewhere());
  if (pain.emotion.has_value()) ToWire(*pain.emotion, *wire.mutable_emotion());
  wire.set_evidence(pain.evidence);
}

void ToWire(const journey::Opportunity& opportunity, v1::Opportunity& wire) {
  wire.set_stage(opportunity.stage);
  wire.set_touchpoint(opportunity.touchpoint);
  wire.set_action(opportunity.action);
  ToWire(opportunity.with, *wire.mutable_with());
  ToWire(opportunity.without, *wire.mutable_without());
  wire.set_gain(opportunity.gain);
  wire.set_p_value(opportunity.p_value);
}

void ToWire(const journey::ScoreKpi& score, v1::ScoreKpi& wire) {
  wire.set_mean(score.mean);
  wire.set_low(score.low);
  wire.set_high(score.high);
  ToWire(score.satisfied, *wire.mutable_satisfied());
  wire.set_people(score.people);
}

void ScoresToWire(const journey::JourneyKpis& kpis, v1::JourneyKpis& wire) {
  if (kpis.nps.has_value()) {
    v1::NpsKpi& nps = *wire.mutable_nps();
    nps.set_score(kpis.nps->score);
    nps.set_low(kpis.nps->low);
    nps.set_high(kpis.nps->high);
    nps.set_promoters(kpis.nps->promoters);
    nps.set_passives(kpis.nps->passives);
    nps.set_detractors(kpis.nps->detractors);
  }
  if (kpis.csat.has_value()) ToWire(*kpis.csat, *wire.mutable_csat());
  if (kpis.ces.has_value()) ToWire(*kpis.ces, *wire.mutable_ces());
  if (kpis.rating.has_value()) ToWire(*kpis.rating, *wire.mutable_rating());
}

void ToWire(const journey::JourneyKpis& kpis, const std::string& currency, v1::JourneyKpis& wire) {
  ScoresToWire(kpis, wire);
  for (const journey::StageReach& reach : kpis.reach) {
    v1::StageReach& added = *wire.add_reach();
    added.set_stage(reach.stage);
    ToWire(reach.reached, *added.mutable_reached());
  }
  ToWire(kpis.repeat_buyers, *wire.mutable_repeat_buyers());
  if (kpis.churned.has_value()) ToWire(*kpis.churned, *wire.mutable_churned());
  for (const journey::MapCohort& cohort : kpis.cohorts) {
    v1::Cohort& added = *wire.add_cohorts();
    TimeToWire(cohort.month, *added.mutable_month());
    added.set_customers(cohort.customers);
    for (int64_t active : cohort.active) added.add_active(active);
  }
  wire.mutable_revenue()->set_micros(kpis.revenue_micros);
  wire.mutable_revenue()->set_currency(currency);
  wire.set_revenue_per_customer(kpis.revenue_per_customer);
  if (kpis.lifetime_value.has_value()) wire.set_lifetime_value(*kpis.lifetime_value);
  ToWire(kpis.onboarded, *wire.mutable_onboarded());
  ToWire(kpis.advocates, *wire.mutable_advocates());
  for (const journey::OfferResponse& response : kpis.responses) {
    v1::OfferResponse& added = *wire.add_responses();
    added.set_action(response.action);
    added.set_shown(response.shown);
    ToWire(response.outcomes, *added.mutable_outcomes());
  }
}

void ToWire(const journey::Conformance& conformance, v1::Conformance& wire) {
  ToWire(conformance.followed, *wire.mutable_followed());
  for (const journey::Deviation& deviation : conformance.deviations) {
    v1::Deviation& added = *wire.add_deviations();
    added.set_from_stage(deviation.from_stage);
    added.set_expected_stage(deviation.expected_stage);
    added.set_actual_stage(deviation.actual_stage);
    added.set_customers(deviation.customers);
  }
  for (const journey::MapPath& path : conformance.paths) {
    v1::MapPath& added = *wire.add_paths();
    for (const std::string& stage : path.stages) added.add_stages(stage);
    added.set_longer(path.longer);
    added.set_customers(path.customers);
    added.set_declared(path.declared);
  }
}

}  // namespace

absl::StatusOr<batch::MapRequest> FromWire(const v1::GetJourneyMapRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  WAYMARK_RETURN_IF_ERROR(CheckText("journey", wire.journey(), 0, kMaxNameBytes));
  batch::MapRequest request{.tenant = wire.tenant(), .key = {.journey = wire.journey()}};
  absl::StatusOr<store::JourneySelection> selection = FromWire("selection", wire.selection());
  if (!selection.ok()) return selection.status();
  request.key.selection = *std::move(selection);
  if (wire.has_compare_with()) {
    absl::StatusOr<store::JourneySelection> compared = FromWire("compare_with", wire.compare_with());
    if (!compared.ok()) return compared.status();
    request.key.compare_with = *std::move(compared);
  }
  if (wire.has_max_age()) {
    const absl::StatusOr<absl::Duration> age = MaxAgeFromWire(wire.max_age());
    if (!age.ok()) return age.status();
    request.max_age = *age;
  }
  if (wire.min_people() != 0 && (wire.min_people() < kLeastMinPeople || wire.min_people() > kMostMinPeople)) {
    return base::FieldError("min_people", "5 to 1,000,000");
  }
  return request;
}

int MinPeopleOf(const v1::GetJourneyMapRequest& wire) {
  return wire.min_people() == 0 ? kDefaultMinPeople : wire.min_people();
}

void ToWire(const journey::JourneyMap& map, const std::string& currency, v1::JourneyMap& wire) {
  wire.set_journey(map.journey);
  wire.set_playbook_version(map.playbook_version);
  wire.set_customers(map.customers);
  wire.set_incomplete_customers(map.incomplete_customers);
  for (const journey::MapStage& stage : map.stages) ToWire(stage, currency, *wire.add_stages());
  for (const journey::MapTouchpoint& touchpoint : map.touchpoints) ToWire(touchpoint, *wire.add_touchpoints());
  for (const journey::MapCell& cell : map.cells) ToWire(cell, *wire.add_cells());
  for (const journey::PainPoint& pain : map.pain_points) ToWire(pain, *wire.add_pain_points());
  for (const journey::Opportunity& opportunity : map.opportunities) ToWire(opportunity, *wire.add_opportunities());
  ToWire(map.kpis, currency, *wire.mutable_kpis());
  ToWire(map.conformance, *wire.mutable_conformance());
}

}  // namespace waymark::rpc
