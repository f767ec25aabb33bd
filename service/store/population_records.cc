#include "service/store/population_records.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "waymark/storage/v1/population.pb.h"

namespace waymark::store {
namespace {

using segmentation::FeatureKind;
using segmentation::NameId;
using segmentation::Population;

constexpr uint32_t kFormat = 1;

constexpr std::pair<FeatureKind, storage::v1::FeatureKind> kKinds[] = {
    {FeatureKind::kNumber, storage::v1::FEATURE_KIND_NUMBER},
    {FeatureKind::kCategory, storage::v1::FEATURE_KIND_CATEGORY},
    {FeatureKind::kRecency, storage::v1::FEATURE_KIND_RECENCY},
    {FeatureKind::kOrders, storage::v1::FEATURE_KIND_ORDERS},
    {FeatureKind::kMonetary, storage::v1::FEATURE_KIND_MONETARY},
    {FeatureKind::kEvents, storage::v1::FEATURE_KIND_EVENTS},
    {FeatureKind::kLabel, storage::v1::FEATURE_KIND_LABEL},
    {FeatureKind::kChannel, storage::v1::FEATURE_KIND_CHANNEL},
};

absl::Status Damaged() { return absl::DataLossError("a population cannot be decoded"); }

uint32_t Id(NameId name) { return static_cast<uint32_t>(name); }

std::vector<NameId> Ids(const google::protobuf::RepeatedField<uint32_t>& wire) {
  std::vector<NameId> ids;
  for (uint32_t id : wire) ids.push_back(NameId{id});
  return ids;
}

template <typename T>
std::vector<T> Copied(const google::protobuf::RepeatedField<T>& wire) {
  return {wire.begin(), wire.end()};
}

template <typename T>
void Fill(const std::vector<T>& values, google::protobuf::RepeatedField<T>& wire) {
  wire.Add(values.begin(), values.end());
}

using TraitList = google::protobuf::RepeatedPtrField<storage::v1::PersonaTrait>;

void EncodeTraits(const std::vector<segmentation::PersonaTrait>& traits, TraitList& wire) {
  for (const segmentation::PersonaTrait& trait : traits) {
    storage::v1::PersonaTrait& element = *wire.Add();
    element.set_name(trait.name);
    element.set_value(trait.value);
    element.set_here(trait.here);
    element.set_overall(trait.overall);
    element.set_deviation(trait.deviation);
  }
}

std::vector<segmentation::PersonaTrait> DecodeTraits(const TraitList& wire) {
  std::vector<segmentation::PersonaTrait> traits;
  for (const storage::v1::PersonaTrait& trait : wire) {
    traits.push_back({trait.name(), trait.value(), trait.here(), trait.overall(), trait.deviation()});
  }
  return traits;
}

void EncodeCard(const segmentation::PersonaCard& card, storage::v1::PersonaCard& wire) {
  wire.set_name(card.name);
  wire.set_customers(card.customers);
  wire.set_share(card.share);
  EncodeTraits(card.demographics, *wire.mutable_demographics());
  EncodeTraits(card.behaviour, *wire.mutable_behaviour());
  EncodeTraits(card.channels, *wire.mutable_channels());
  EncodeTraits(card.categories, *wire.mutable_categories());
  EncodeTraits(card.goals, *wire.mutable_goals());
  EncodeTraits(card.challenges, *wire.mutable_challenges());
  EncodeTraits(card.distinctive, *wire.mutable_distinctive());
}

segmentation::PersonaCard DecodeCard(const storage::v1::PersonaCard& wire) {
  return {.name = wire.name(),
          .customers = wire.customers(),
          .share = wire.share(),
          .demographics = DecodeTraits(wire.demographics()),
          .behaviour = DecodeTraits(wire.behaviour()),
          .channels = DecodeTraits(wire.channels()),
          .categories = DecodeTraits(wire.categories()),
          .goals = DecodeTraits(wire.goals()),
          .challenges = DecodeTraits(wire.challenges()),
          .distinctive = DecodeTraits(wire.distinctive())};
}

void EncodeFeature(const segmentation::PersonaFeature& feature, storage::v1::PersonaFeature& wire) {
  for (const auto& [kind, kept] : kKinds) {
    if (kind == feature.source.kind) wire.set_kind(kept);
  }
  wire.set_name(Id(feature.source.name));
  wire.set_logarithmic(feature.logarithmic);
  wire.set_mean(feature.mean);
  wire.set_scale(feature.scale);
  for (NameId value : feature.values) wire.add_values(Id(value));
}

absl::optional<segmentation::PersonaFeature> DecodeFeature(const storage::v1::PersonaFeature& wire) {
  for (const auto& [kind, kept] : kKinds) {
    if (kept != wire.kind()) continue;
    return segmentation::PersonaFeature{.source = {kind, NameId{wire.name()}},
                                        .logarithmic = wire.logarithmic(),
                                        .mean = wire.mean(),
                                        .scale = wire.scale(),
                                        .values = Ids(wire.values())};
  }
  return absl::nullopt;
}

// False where features, centroids and cards do not fit together.
bool DecodePersonas(const storage::v1::Population& wire, Population& population) {
  size_t columns = 0;
  for (const storage::v1::PersonaFeature& each : wire.features()) {
    absl::optional<segmentation::PersonaFeature> feature = DecodeFeature(each);
    if (!feature.has_value()) return false;
    columns += feature->columns();
    population.personas.features.push_back(*std::move(feature));
  }
  population.personas.columns = wire.columns();
  population.personas.centroids = Copied(wire.centroids());
  population.personas.channels = Ids(wire.channels());
  for (const storage::v1::PersonaCard& card : wire.cards()) population.cards.push_back(DecodeCard(card));
  return columns == wire.columns() && population.personas.centroids.size() == population.cards.size() * columns;
}

void EncodeEstimates(const Population& population, storage::v1::Population& wire) {
  Fill(population.rfm.recency_days, *wire.mutable_rfm_recency_days());
  Fill(population.rfm.frequency, *wire.mutable_rfm_frequency());
  Fill(population.rfm.monetary, *wire.mutable_rfm_monetary());
  for (int64_t members : population.rfm_segments) wire.add_rfm_segments(members);
  if (const auto& model = population.bg_nbd; model.has_value()) {
    for (double parameter : {model->r, model->alpha, model->a, model->b}) wire.add_bg_nbd(parameter);
  }
  wire.set_log_likelihood(population.log_likelihood);
  if (const auto& model = population.gamma_gamma; model.has_value()) {
    for (double parameter : {model->p, model->q, model->gamma}) wire.add_gamma_gamma(parameter);
  }
  wire.set_expected_purchases(population.lifetime_value.expected_purchases);
  wire.set_expected_value(population.lifetime_value.expected_value);
  wire.set_mean_probability_alive(population.lifetime_value.mean_probability_alive);
}

bool DecodeEstimates(const storage::v1::Population& wire, Population& population) {
  population.rfm = {Copied(wire.rfm_recency_days()), Copied(wire.rfm_frequency()), Copied(wire.rfm_monetary())};
  const size_t boundaries = population.rfm.recency_days.size();
  if (boundaries != 0 && boundaries != 4) return false;
  if (population.rfm.frequency.size() != boundaries || population.rfm.monetary.size() != boundaries) return false;
  if (wire.rfm_segments_size() != static_cast<int>(population.rfm_segments.size())) return false;
  std::copy(wire.rfm_segments().begin(), wire.rfm_segments().end(), population.rfm_segments.begin());
  const auto& bg_nbd = wire.bg_nbd();
  if (bg_nbd.size() == 4) population.bg_nbd = {bg_nbd[0], bg_nbd[1], bg_nbd[2], bg_nbd[3]};
  population.log_likelihood = wire.log_likelihood();
  const auto& gamma_gamma = wire.gamma_gamma();
  if (gamma_gamma.size() == 3) population.gamma_gamma = {gamma_gamma[0], gamma_gamma[1], gamma_gamma[2]};
  population.lifetime_value = {wire.expected_purchases(), wire.expected_value(), wire.mean_probability_alive()};
  return (bg_nbd.empty() || bg_nbd.size() == 4) && (gamma_gamma.empty() || gamma_gamma.size() == 3);
}

void EncodeStageValues(const segmentation::StageValues& values, storage::v1::StageValues& wire) {
  wire.set_learned_at_ms(absl::ToUnixMillis(values.learned_at));
  wire.set_playbook_version(values.playbook_version);
  wire.set_yearly_discount(values.options.yearly_discount);
  wire.set_gone_after_s(absl::ToInt64Seconds(values.options.gone_after));
  wire.set_shrinkage(values.options.shrinkage);
  for (NameId segment : values.options.segments) wire.add_segments(Id(segment));
  wire.set_customers(values.customers);
  for (const segmentation::JourneyStageValues& journey : values.journeys) {
    storage::v1::JourneyStageValues& of_journey = *wire.add_journeys();
    of_journey.set_journey(Id(journey.journey));
    for (const segmentation::SegmentStageValues& segment : journey.segments) {
      storage::v1::SegmentStageValues& of_segment = *of_journey.add_segments();
      of_segment.set_segment(Id(segment.segment));
      of_segment.set_customers(segment.customers);
      for (const segmentation::StageValue& stage : segment.stages) {
        of_segment.add_stages(Id(stage.stage));
        of_segment.add_values(stage.value.value_or(std::numeric_limits<double>::quiet_NaN()));
        of_segment.add_stays(stage.stays);
        of_segment.add_left_for_good(stage.left_for_good);
        of_segment.add_exposure_ms(stage.exposure_ms);
        of_segment.add_revenue_micros(stage.revenue_micros);
      }
    }
  }
}

// False where the columns do not fit together.
bool DecodeSegment(const storage::v1::SegmentStageValues& wire, segmentation::SegmentStageValues& segment) {
  segment = {.segment = NameId{wire.segment()}, .customers = wire.customers()};
  const int stages = wire.stages_size();
  if (wire.values_size() != stages || wire.stays_size() != stages || wire.left_for_good_size() != stages ||
      wire.exposure_ms_size() != stages || wire.revenue_micros_size() != stages) {
    return false;
  }
  for (int i = 0; i < stages; ++i) {
    segmentation::StageValue& stage = segment.stages.emplace_back();
    stage = {.stage = NameId{wire.stages(i)},
             .stays = wire.stays(i),
             .left_for_good = wire.left_for_good(i),
             .exposure_ms = wire.exposure_ms(i),
             .revenue_micros = wire.revenue_micros(i)};
    if (std::isinf(wire.values(i))) return false;
    if (!std::isnan(wire.values(i))) stage.value = wire.values(i);
  }
  return true;
}

bool DecodeStageValues(const storage::v1::StageValues& wire, segmentation::StageValues& values) {
  values = {.learned_at = absl::FromUnixMillis(wire.learned_at_ms()),
            .playbook_version = wire.playbook_version(),
            .options = {.yearly_discount = wire.yearly_discount(),
                        .gone_after = absl::Seconds(wire.gone_after_s()),
                        .shrinkage = wire.shrinkage(),
                        .segments = Ids(wire.segments())},
            .customers = wire.customers()};
  for (const storage::v1::JourneyStageValues& of_journey : wire.journeys()) {
    segmentation::JourneyStageValues& journey = values.journeys.emplace_back();
    journey.journey = NameId{of_journey.journey()};
    for (const storage::v1::SegmentStageValues& of_segment : of_journey.segments()) {
      if (!DecodeSegment(of_segment, journey.segments.emplace_back())) return false;
    }
  }
  return true;
}

}  // namespace

std::string EncodePopulationHead(uint64_t version) {
  storage::v1::PopulationHead message;
  message.set_version(version);
  return message.SerializeAsString();
}

absl::StatusOr<uint64_t> DecodePopulationHead(absl::string_view bytes) {
  storage::v1::PopulationHead message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Damaged();
  return message.version();
}

std::string EncodePopulation(const Population& population) {
  storage::v1::Population wire;
  wire.set_format(kFormat);
  wire.set_version(population.version);
  wire.set_fitted_at_ms(absl::ToUnixMillis(population.fitted_at));
  wire.set_playbook_version(population.playbook_version);
  wire.set_purchase(Id(population.purchase));
  wire.set_plain_lifetime_value(population.method == segmentation::LifetimeValueMethod::kPlain);
  wire.set_horizon_s(absl::ToInt64Seconds(population.horizon));
  wire.set_lifespan_s(absl::ToInt64Seconds(population.lifespan));
  wire.set_customers(population.counts.customers);
  wire.set_buyers(population.counts.buyers);
  wire.set_orders(population.counts.orders);
  wire.set_revenue_micros(population.counts.revenue_micros);
  wire.set_one_time_buyers(population.counts.one_time_buyers);
  wire.set_sample(population.sample);
  EncodeEstimates(population, wire);
  for (const segmentation::PersonaFeature& feature : population.personas.features)
    EncodeFeature(feature, *wire.add_features());
  Fill(population.personas.centroids, *wire.mutable_centroids());
  wire.set_columns(static_cast<uint32_t>(population.personas.columns));
  for (NameId channel : population.personas.channels) wire.add_channels(Id(channel));
  for (const segmentation::PersonaCard& card : population.cards) EncodeCard(card, *wire.add_cards());
  wire.set_silhouette(population.silhouette);
  for (const segmentation::FeatureBins& bins : population.bins) {
    storage::v1::FeatureBins& element = *wire.add_bins();
    element.set_trait(bins.trait);
    Fill(bins.boundaries, *element.mutable_boundaries());
  }
  if (population.stage_values != segmentation::StageValues()) {
    EncodeStageValues(population.stage_values, *wire.mutable_stage_values());
  }
  return wire.SerializeAsString();
}

absl::StatusOr<Population> DecodePopulation(absl::string_view bytes) {
  storage::v1::Population wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || wire.format() != kFormat) return Damaged();
  Population population{
      .version = wire.version(),
      .fitted_at = absl::FromUnixMillis(wire.fitted_at_ms()),
      .playbook_version = wire.playbook_version(),
      .purchase = NameId{wire.purchase()},
      .method = wire.plain_lifetime_value() ? segmentation::LifetimeValueMethod::kPlain
                                            : segmentation::LifetimeValueMethod::kBgNbd,
      .horizon = absl::Seconds(wire.horizon_s()),
      .lifespan = absl::Seconds(wire.lifespan_s()),
      .counts = {wire.customers(), wire.buyers(), wire.orders(), wire.revenue_micros(), wire.one_time_buyers()},
      .sample = wire.sample(),
      .silhouette = wire.silhouette(),
  };
  if (!DecodeEstimates(wire, population) || !DecodePersonas(wire, population)) return Damaged();
  if (wire.has_stage_values() && !DecodeStageValues(wire.stage_values(), population.stage_values)) return Damaged();
  for (const storage::v1::FeatureBins& bins : wire.bins()) {
    population.bins.push_back({bins.trait(), Copied(bins.boundaries())});
  }
  return population;
}

}  // namespace waymark::store
