#include "service/rpc/journey_worth_wire.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using base::FieldError;
using segmentation::NameId;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr int kMaxSegments = 1'000;

// Reads it into `to`, down to whole seconds, where it is there. `range` says [least, most] in words.
absl::Status Read(absl::string_view field, bool present, const google::protobuf::Duration& wire, absl::Duration least,
                  absl::Duration most, absl::string_view range, absl::Duration& to) {
  if (!present) return absl::OkStatus();
  const absl::Duration duration = absl::Seconds(wire.seconds()) + absl::Nanoseconds(wire.nanos());
  if (duration < least || duration > most) return FieldError(field, range);
  to = absl::Floor(duration, absl::Seconds(1));
  return absl::OkStatus();
}

absl::Status Read(absl::string_view field, bool present, double number, double least, double most,
                  absl::string_view range, double& to) {
  if (!present) return absl::OkStatus();
  if (!(number >= least && number <= most)) return FieldError(field, range);
  to = number;
  return absl::OkStatus();
}

absl::Status Read(absl::string_view field, bool present, const google::protobuf::Timestamp& wire, absl::Time& to) {
  if (!present) return absl::OkStatus();
  const absl::StatusOr<absl::Time> time = TimeFromWire(field, wire);
  if (time.ok()) to = *time;
  return time.status();
}

absl::Status SelectionFromWire(const v1::MapSelection& wire, batch::AttributionRequest& request) {
  WAYMARK_RETURN_IF_ERROR(Read("selection.from", wire.has_from(), wire.from(), request.from));
  WAYMARK_RETURN_IF_ERROR(Read("selection.until", wire.has_until(), wire.until(), request.until));
  if (request.from >= request.until) return FieldError("selection.until", "after `from`");
  WAYMARK_RETURN_IF_ERROR(CheckText("selection.segment", wire.segment(), 0, 64));
  WAYMARK_RETURN_IF_ERROR(CheckText("selection.persona", wire.persona(), 0, 256));
  request.segment = wire.segment();
  request.persona = wire.persona();
  return absl::OkStatus();
}

void MoneyToWire(double units, const std::string& currency, v1::Money& wire) {
  wire.set_micros(static_cast<int64_t>(std::llround(std::clamp(units, -9e12, 9e12) * 1e6)));
  wire.set_currency(currency);
}

void ToWire(const segmentation::StageValue& learned, const playbook::Stage& stage, const std::string& currency,
            v1::StageValue& wire) {
  wire.set_stage(stage.name);
  if (learned.value.has_value()) MoneyToWire(*learned.value, currency, *wire.mutable_value());
  if (stage.value.has_value()) MoneyToWire(*stage.value, currency, *wire.mutable_stated());
  wire.set_stays(learned.stays);
  wire.set_left_for_good(learned.left_for_good);
  const int64_t mean_ms = learned.stays == 0 ? 0 : learned.exposure_ms / learned.stays;
  wire.mutable_mean_stay()->set_seconds(mean_ms / 1000);
  wire.mutable_mean_stay()->set_nanos(static_cast<int32_t>(mean_ms % 1000 * 1'000'000));
  wire.mutable_revenue()->set_micros(learned.revenue_micros);
  wire.mutable_revenue()->set_currency(currency);
}

void ToWire(const segmentation::SegmentStageValues& learned, absl::string_view segment,
            const playbook::Journey& journey, const std::string& currency, v1::SegmentStageValues& wire) {
  wire.set_segment(std::string(segment));
  wire.set_customers(learned.customers);
  for (const playbook::Stage& stage : journey.stages) {
    const auto found = std::find_if(learned.stages.begin(), learned.stages.end(),
                                    [&](const segmentation::StageValue& each) { return each.stage == stage.id; });
    ToWire(found == learned.stages.end() ? segmentation::StageValue() : *found, stage, currency, *wire.add_stages());
  }
}

void JourneyToWire(const segmentation::JourneyStageValues& learned, const playbook::Journey& journey,
                   const playbook::Playbook& playbook, v1::JourneyStageValues& wire) {
  wire.set_journey(journey.name);
  for (const segmentation::SegmentStageValues& of_segment : learned.segments) {
    if (of_segment.segment == NameId{}) ToWire(of_segment, "", journey, playbook.currency, *wire.add_segments());
  }
  for (const playbook::Segment& segment : playbook.segments) {
    const auto found = std::find_if(learned.segments.begin(), learned.segments.end(),
                                    [&](const auto& each) { return each.segment == segment.id; });
    if (found != learned.segments.end()) {
      ToWire(*found, segment.name, journey, playbook.currency, *wire.add_segments());
    }
  }
}

}  // namespace

absl::StatusOr<segmentation::StageValueOptions> FromWire(const v1::LearnStageValuesRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  segmentation::StageValueOptions options;
  WAYMARK_RETURN_IF_ERROR(Read("yearly_discount", wire.has_yearly_discount(), wire.yearly_discount(), 0.001, 10,
                               "0.001 to 10", options.yearly_discount));
  WAYMARK_RETURN_IF_ERROR(Read("gone_after", wire.has_gone_after(), wire.gone_after(), kDay, 3650 * kDay,
                               "1 to 3,650 days", options.gone_after));
  WAYMARK_RETURN_IF_ERROR(
      Read("shrinkage", wire.has_shrinkage(), wire.shrinkage(), 0, 1e6, "0 to 1,000,000", options.shrinkage));
  if (wire.segments_size() > kMaxSegments) return FieldError("segments", "at most 1,000");
  for (int i = 0; i < wire.segments_size(); ++i) {
    WAYMARK_RETURN_IF_ERROR(CheckText(absl::StrCat("segments[", i, "]"), wire.segments(i), 1, 64));
    options.segments.push_back(segmentation::NameIdOf(wire.segments(i)));
  }
  std::sort(options.segments.begin(), options.segments.end());
  options.segments.erase(std::unique(options.segments.begin(), options.segments.end()), options.segments.end());
  return options;
}

absl::StatusOr<batch::AttributionRequest> FromWire(const v1::AttributeConversionsRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  batch::AttributionRequest request{.tenant = wire.tenant(), .conversion = wire.conversion()};
  WAYMARK_RETURN_IF_ERROR(SelectionFromWire(wire.selection(), request));
  switch (wire.by()) {
    case v1::ATTRIBUTION_BY_UNSPECIFIED:
    case v1::ATTRIBUTION_BY_TOUCHPOINT:
      break;
    case v1::ATTRIBUTION_BY_CHANNEL:
      request.by = batch::AttributionBy::kChannel;
      break;
    case v1::ATTRIBUTION_BY_ACTION:
      request.by = batch::AttributionBy::kAction;
      break;
    default:
      return FieldError("by", "TOUCHPOINT, CHANNEL or ACTION");
  }
  WAYMARK_RETURN_IF_ERROR(CheckText("conversion", wire.conversion(), 0, 64));
  WAYMARK_RETURN_IF_ERROR(Read("look_back", wire.has_look_back(), wire.look_back(), absl::Hours(1), 400 * kDay,
                               "1 hour to 400 days", request.look_back));
  WAYMARK_RETURN_IF_ERROR(Read("half_life", wire.has_half_life(), wire.half_life(), absl::Hours(1), 400 * kDay,
                               "1 hour to 400 days", request.half_life));
  if (wire.markov_order() != 0) request.markov_order = wire.markov_order();
  if (request.markov_order < 1 || request.markov_order > journey::PathChain::kMaxOrder) {
    return FieldError("markov_order", "1 to 4");
  }
  return request;
}

void StageValuesToWire(const segmentation::Population& population, const playbook::Playbook& playbook,
                       v1::StageValues& wire) {
  const segmentation::StageValues& values = population.stage_values;
  wire.set_population_version(population.version);
  TimeToWire(values.learned_at, *wire.mutable_learned_at());
  wire.set_playbook_version(values.playbook_version);
  wire.set_yearly_discount(values.options.yearly_discount);
  wire.mutable_gone_after()->set_seconds(absl::ToInt64Seconds(values.options.gone_after));
  wire.set_shrinkage(values.options.shrinkage);
  wire.set_customers(values.customers);
  for (const playbook::Journey& journey : playbook.journeys) {
    const auto found = std::find_if(values.journeys.begin(), values.journeys.end(),
                                    [&](const auto& each) { return each.journey == journey.id; });
    if (found != values.journeys.end()) JourneyToWire(*found, journey, playbook, *wire.add_journeys());
  }
}

void ToWire(const batch::AttributionAnswer& answer, v1::Attribution& wire) {
  const journey::Attribution& attribution = answer.attribution;
  const std::string& currency = answer.playbook->currency;
  TimeToWire(answer.as_of, *wire.mutable_as_of());
  wire.set_playbook_version(answer.playbook->version);
  wire.set_conversions(attribution.conversions);
  MoneyToWire(attribution.value, currency, *wire.mutable_value());
  wire.set_unattributed(attribution.unattributed);
  MoneyToWire(attribution.unattributed_value, currency, *wire.mutable_unattributed_value());
  wire.set_paths_without_conversion(attribution.paths_without_conversion);
  wire.set_incomplete_paths(attribution.incomplete);
  wire.set_paths_left_out(attribution.left_out);
  wire.set_conversion_probability(attribution.conversion_probability);
  for (const journey::PlayerCredits& player : attribution.players) {
    v1::AttributedTo& to = *wire.add_players();
    const auto name = answer.names.find(player.player);
    to.set_name(name == answer.names.end() ? "(unknown)" : name->second);
    to.set_touches(player.touches);
    to.set_paths(player.paths);
    to.set_removal_effect(player.removal_effect);
    v1::Credit* const credits[journey::kAttributionMethods] = {to.mutable_first(),  to.mutable_last(),
                                                               to.mutable_linear(), to.mutable_time_decay(),
                                                               to.mutable_markov(), to.mutable_shapley()};
    for (size_t m = 0; m < journey::kAttributionMethods; ++m) {
      credits[m]->set_conversions(player.credits[m].conversions);
      MoneyToWire(player.credits[m].value, currency, *credits[m]->mutable_value());
    }
  }
}

}  // namespace waymark::rpc
