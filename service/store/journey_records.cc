#include "service/store/journey_records.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "waymark/storage/v1/journey.pb.h"

namespace waymark::store {
namespace {

using segmentation::NameId;

// Another one wherever customers are counted otherwise than before.
constexpr uint32_t kFormat = 1;

absl::Status Damaged() { return absl::DataLossError("the counts of a journey map cannot be decoded"); }

uint32_t Id(NameId name) { return static_cast<uint32_t>(name); }

using Integers = google::protobuf::RepeatedField<int64_t>;

template <typename Values>
void Fill(const Values& values, Integers& wire) {
  wire.Add(values.begin(), values.end());
}

std::vector<int64_t> Copied(const Integers& wire) { return {wire.begin(), wire.end()}; }

// Keys of a map, ascending, so that equal maps have equal bytes.
template <typename Map>
std::vector<NameId> Keys(const Map& map) {
  std::vector<NameId> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

void Encode(const JourneySelection& selection, storage::v1::JourneySelection& wire) {
  if (selection.from != absl::InfinitePast()) wire.set_from_ms(absl::ToUnixMillis(selection.from));
  if (selection.until != absl::InfiniteFuture()) wire.set_until_ms(absl::ToUnixMillis(selection.until));
  wire.set_segment(selection.segment);
  wire.set_persona(selection.persona);
}

JourneySelection Decode(const storage::v1::JourneySelection& wire) {
  return {.from = wire.has_from_ms() ? absl::FromUnixMillis(wire.from_ms()) : absl::InfinitePast(),
          .until = wire.has_until_ms() ? absl::FromUnixMillis(wire.until_ms()) : absl::InfiniteFuture(),
          .segment = wire.segment(),
          .persona = wire.persona()};
}

void Encode(const journey::EmotionSums& sums, storage::v1::JourneyEmotionSums& wire) {
  wire.set_people(sums.people);
  wire.set_responses(sums.responses);
  wire.set_sum(sums.sum);
  wire.set_squares(sums.squares);
  wire.set_unhappy(sums.unhappy);
}

journey::EmotionSums Decode(const storage::v1::JourneyEmotionSums& wire) {
  return {wire.people(), wire.responses(), wire.sum(), wire.squares(), wire.unhappy()};
}

void Encode(const journey::ScoreSums& sums, storage::v1::JourneyScoreSums& wire) {
  wire.set_people(sums.people);
  wire.set_sum(sums.sum);
  wire.set_squares(sums.squares);
  wire.set_satisfied(sums.satisfied);
}

journey::ScoreSums Decode(const storage::v1::JourneyScoreSums& wire) {
  return {wire.people(), wire.sum(), wire.squares(), wire.satisfied()};
}

void Encode(const journey::StayCounts& counts, storage::v1::JourneyStayCounts& wire) {
  wire.set_ended(counts.ended);
  wire.set_progressed(counts.progressed);
  wire.set_dropped(counts.dropped);
}

journey::StayCounts Decode(const storage::v1::JourneyStayCounts& wire) {
  return {wire.ended(), wire.progressed(), wire.dropped()};
}

void Encode(const journey::TypeCounts& counts, storage::v1::JourneyTypeCounts& wire) {
  for (const auto& [type, count] : counts) {
    wire.add_types(Id(type));
    wire.add_counts(count);
  }
}

bool Decode(const storage::v1::JourneyTypeCounts& wire, journey::TypeCounts& counts) {
  if (wire.types_size() != wire.counts_size()) return false;
  for (int i = 0; i < wire.types_size(); ++i) counts.emplace_back(NameId{wire.types(i)}, wire.counts(i));
  return true;
}

void Encode(const journey::StageCounts& counts, storage::v1::JourneyStageCounts& wire) {
  wire.set_entries(counts.entries);
  wire.set_customers(counts.customers);
  wire.set_present(counts.present);
  wire.set_standing(counts.standing);
  wire.set_volume(counts.volume);
  wire.set_lost(counts.lost);
  wire.set_troubled(counts.troubled);
  Encode(counts.stays, *wire.mutable_stays());
  Fill(counts.moves, *wire.mutable_moves());
  Fill(counts.dwell.counts, *wire.mutable_dwell());
  Fill(counts.velocity.counts, *wire.mutable_velocity());
  Encode(counts.emotion, *wire.mutable_emotion());
}

journey::StageCounts Decode(const storage::v1::JourneyStageCounts& wire) {
  return {.entries = wire.entries(),
          .customers = wire.customers(),
          .present = wire.present(),
          .standing = wire.standing(),
          .volume = wire.volume(),
          .lost = wire.lost(),
          .troubled = wire.troubled(),
          .stays = Decode(wire.stays()),
          .moves = Copied(wire.moves()),
          .dwell = {Copied(wire.dwell())},
          .velocity = {Copied(wire.velocity())},
          .emotion = Decode(wire.emotion())};
}

void Encode(const journey::CellCounts& counts, storage::v1::JourneyCellCounts& wire) {
  wire.set_customers(counts.customers);
  wire.set_lost(counts.lost);
  wire.set_troubled(counts.troubled);
  Encode(counts.stays, *wire.mutable_stays());
  Encode(counts.events, *wire.mutable_events());
  Encode(counts.emotion, *wire.mutable_emotion());
}

bool Decode(const storage::v1::JourneyCellCounts& wire, journey::CellCounts& counts) {
  counts.customers = wire.customers();
  counts.lost = wire.lost();
  counts.troubled = wire.troubled();
  counts.stays = Decode(wire.stays());
  counts.emotion = Decode(wire.emotion());
  return Decode(wire.events(), counts.events);
}

void Encode(const journey::TouchpointCounts& counts, storage::v1::JourneyTouchpointCounts& wire) {
  wire.set_customers(counts.customers);
  Encode(counts.emotion, *wire.mutable_emotion());
  for (size_t stage = 0; stage < counts.cells.size(); ++stage) {
    if (counts.cells[stage] == journey::CellCounts{}) continue;
    storage::v1::JourneyCellCounts& cell = *wire.add_cells();
    cell.set_stage(static_cast<int32_t>(stage));
    Encode(counts.cells[stage], cell);
  }
}

bool Decode(const storage::v1::JourneyTouchpointCounts& wire, size_t stages, journey::TouchpointCounts& counts) {
  counts.customers = wire.customers();
  counts.emotion = Decode(wire.emotion());
  counts.cells.resize(stages);
  return std::all_of(wire.cells().begin(), wire.cells().end(), [&](const storage::v1::JourneyCellCounts& cell) {
    return cell.stage() >= 0 && static_cast<size_t>(cell.stage()) < stages &&
           Decode(cell, counts.cells[static_cast<size_t>(cell.stage())]);
  });
}

bool Decode(const storage::v1::JourneyActionCounts& wire, size_t stages, journey::ActionCounts& counts) {
  counts.shown = wire.shown();
  for (const storage::v1::JourneyStayCounts& stays : wire.stays()) counts.stays.push_back(Decode(stays));
  return counts.stays.size() == stages && Decode(wire.outcomes(), counts.outcomes);
}

void Encode(const journey::KpiCounts& counts, storage::v1::JourneyKpiCounts& wire) {
  wire.set_promoters(counts.promoters);
  wire.set_passives(counts.passives);
  wire.set_detractors(counts.detractors);
  Encode(counts.csat, *wire.mutable_csat());
  Encode(counts.ces, *wire.mutable_ces());
  Encode(counts.rating, *wire.mutable_rating());
  wire.set_buyers(counts.buyers);
  wire.set_repeat_buyers(counts.repeat_buyers);
  wire.set_first_time_buyers(counts.first_time_buyers);
  wire.set_onboarded(counts.onboarded);
  wire.set_advocates(counts.advocates);
  wire.set_earlier_buyers(counts.earlier_buyers);
  wire.set_churned(counts.churned);
  wire.set_revenue_micros(counts.revenue_micros);
  wire.set_lifetime_values(counts.lifetime_values);
  wire.set_lifetime_value_micros(counts.lifetime_value_micros);
  for (const auto& [month, cohort] : counts.cohorts) {
    storage::v1::JourneyCohortCounts& added = *wire.add_cohorts();
    added.set_month(month);
    added.set_customers(cohort.customers);
    Fill(cohort.active, *added.mutable_active());
  }
}

bool Decode(const storage::v1::JourneyKpiCounts& wire, journey::KpiCounts& counts) {
  counts.promoters = wire.promoters();
  counts.passives = wire.passives();
  counts.detractors = wire.detractors();
  counts.csat = Decode(wire.csat());
  counts.ces = Decode(wire.ces());
  counts.rating = Decode(wire.rating());
  counts.buyers = wire.buyers();
  counts.repeat_buyers = wire.repeat_buyers();
  counts.first_time_buyers = wire.first_time_buyers();
  counts.onboarded = wire.onboarded();
  counts.advocates = wire.advocates();
  counts.earlier_buyers = wire.earlier_buyers();
  counts.churned = wire.churned();
  counts.revenue_micros = wire.revenue_micros();
  counts.lifetime_values = wire.lifetime_values();
  counts.lifetime_value_micros = wire.lifetime_value_micros();
  for (const storage::v1::JourneyCohortCounts& each : wire.cohorts()) {
    journey::CohortCounts& cohort = counts.cohorts[each.month()];
    cohort.customers = each.customers();
    if (static_cast<size_t>(each.active_size()) != cohort.active.size()) return false;
    std::copy(each.active().begin(), each.active().end(), cohort.active.begin());
  }
  return true;
}

void Encode(const journey::MapCounts& counts, storage::v1::JourneyMapCounts& wire) {
  wire.set_customers(counts.customers);
  wire.set_incomplete_customers(counts.incomplete_customers);
  for (const journey::StageCounts& stage : counts.stages) Encode(stage, *wire.add_stages());
  for (NameId id : Keys(counts.touchpoints)) {
    storage::v1::JourneyTouchpointCounts& touchpoint = *wire.add_touchpoints();
    touchpoint.set_touchpoint(Id(id));
    Encode(counts.touchpoints.at(id), touchpoint);
    if (const auto text = counts.undeclared.find(id); text != counts.undeclared.end()) {
      touchpoint.set_undeclared(text->second);
    }
  }
  for (NameId id : Keys(counts.actions)) {
    const journey::ActionCounts& of_action = counts.actions.at(id);
    storage::v1::JourneyActionCounts& action = *wire.add_actions();
    action.set_action(Id(id));
    action.set_shown(of_action.shown);
    Encode(of_action.outcomes, *action.mutable_outcomes());
    for (const journey::StayCounts& stays : of_action.stays) Encode(stays, *action.add_stays());
  }
  Fill(counts.furthest, *wire.mutable_furthest());
  wire.set_left_first(counts.left_first);
  wire.set_followed(counts.followed);
  Fill(counts.deviations, *wire.mutable_deviations());
  for (const auto& [path, customers] : counts.paths) {
    wire.add_path_keys(path);
    wire.add_path_customers(customers);
  }
  wire.set_other_paths(counts.other_paths);
  Encode(counts.kpis, *wire.mutable_kpis());
}

// Into counts of nobody.
bool Decode(const storage::v1::JourneyMapCounts& wire, journey::MapCounts& counts) {
  const size_t stages = counts.stages.size();
  const auto fit = [](int size, const auto& into) { return static_cast<size_t>(size) == into.size(); };
  if (!fit(wire.stages_size(), counts.stages) || !fit(wire.furthest_size(), counts.furthest) ||
      !fit(wire.deviations_size(), counts.deviations) || wire.path_keys_size() != wire.path_customers_size()) {
    return false;
  }
  counts.customers = wire.customers();
  counts.incomplete_customers = wire.incomplete_customers();
  for (size_t i = 0; i < stages; ++i) {
    counts.stages[i] = Decode(wire.stages(static_cast<int>(i)));
    if (counts.stages[i].moves.size() != stages) return false;
  }
  for (const storage::v1::JourneyTouchpointCounts& touchpoint : wire.touchpoints()) {
    const NameId id{touchpoint.touchpoint()};
    if (!Decode(touchpoint, stages, counts.touchpoints[id])) return false;
    if (touchpoint.has_undeclared()) counts.undeclared[id] = touchpoint.undeclared();
  }
  for (const storage::v1::JourneyActionCounts& action : wire.actions()) {
    if (!Decode(action, stages, counts.actions[NameId{action.action()}])) return false;
  }
  counts.furthest = Copied(wire.furthest());
  counts.left_first = wire.left_first();
  counts.followed = wire.followed();
  counts.deviations = Copied(wire.deviations());
  for (int i = 0; i < wire.path_keys_size(); ++i) counts.paths[wire.path_keys(i)] = wire.path_customers(i);
  counts.other_paths = wire.other_paths();
  return Decode(wire.kpis(), counts.kpis);
}

template <typename Message>
bool Parse(absl::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string EncodeJourneyMapKey(const JourneyMapKey& key) {
  storage::v1::JourneyMapKey message;
  message.set_format(kFormat);
  message.set_journey(key.journey);
  Encode(key.selection, *message.mutable_selection());
  if (key.compare_with.has_value()) Encode(*key.compare_with, *message.mutable_compare_with());
  return message.SerializeAsString();
}

absl::StatusOr<JourneyMapKey> DecodeJourneyMapKey(absl::string_view bytes) {
  storage::v1::JourneyMapKey message;
  if (!Parse(bytes, message) || message.format() != kFormat)
    return absl::DataLossError("what a journey map counts cannot be decoded");
  JourneyMapKey key{.journey = message.journey(), .selection = Decode(message.selection())};
  if (message.has_compare_with()) key.compare_with = Decode(message.compare_with());
  return key;
}

std::string EncodeJourneyMapIndex(const std::vector<JourneyMapSlot>& slots) {
  storage::v1::JourneyMapIndex message;
  for (const JourneyMapSlot& slot : slots) {
    storage::v1::JourneyMapSlot& added = *message.add_slots();
    added.set_of(slot.of);
    added.set_asked_at_ms(absl::ToUnixMillis(slot.asked_at));
    added.set_as_of_ms(absl::ToUnixMillis(slot.as_of));
  }
  return message.SerializeAsString();
}

absl::StatusOr<std::vector<JourneyMapSlot>> DecodeJourneyMapIndex(absl::string_view bytes) {
  storage::v1::JourneyMapIndex message;
  if (!Parse(bytes, message)) return absl::DataLossError("the list of journey maps cannot be decoded");
  std::vector<JourneyMapSlot> slots;
  for (const storage::v1::JourneyMapSlot& slot : message.slots()) {
    slots.push_back({.of = slot.of(),
                     .asked_at = absl::FromUnixMillis(slot.asked_at_ms()),
                     .as_of = absl::FromUnixMillis(slot.as_of_ms())});
  }
  return slots;
}

std::string EncodeJourneyCounts(const JourneyCounts& counts) {
  storage::v1::JourneyCounts message;
  Encode(counts.selected, *message.mutable_selected());
  if (counts.compared != journey::MapCounts{}) Encode(counts.compared, *message.mutable_compared());
  return message.SerializeAsString();
}

absl::StatusOr<JourneyCounts> DecodeJourneyCounts(absl::string_view bytes, size_t stages) {
  storage::v1::JourneyCounts message;
  if (!Parse(bytes, message)) return Damaged();
  JourneyCounts counts{.selected = journey::MapCounts(stages)};
  if (!Decode(message.selected(), counts.selected)) return Damaged();
  if (message.has_compared()) {
    counts.compared = journey::MapCounts(stages);
    if (!Decode(message.compared(), counts.compared)) return Damaged();
  }
  return counts;
}

}  // namespace waymark::store
