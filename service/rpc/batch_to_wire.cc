#include "service/rpc/batch_to_wire.h"

#include <string>
#include <vector>

#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using TraitList = google::protobuf::RepeatedPtrField<v1::PersonaTrait>;

template <typename T>
void Fill(const std::vector<T>& values, google::protobuf::RepeatedField<T>& wire) {
  wire.Add(values.begin(), values.end());
}

void SampleToWire(const batch::CustomerSample& sample, google::protobuf::RepeatedPtrField<std::string>& wire) {
  for (std::string& customer : sample.customers()) *wire.Add() = std::move(customer);
}

void TraitsToWire(const std::vector<segmentation::PersonaTrait>& traits, TraitList& wire) {
  for (const segmentation::PersonaTrait& trait : traits) {
    v1::PersonaTrait& element = *wire.Add();
    element.set_name(trait.name);
    element.set_value(trait.value);
    element.set_here(trait.here);
    element.set_overall(trait.overall);
    element.set_deviation(trait.deviation);
  }
}

void CardToWire(const segmentation::PersonaCard& card, v1::Persona& wire) {
  wire.set_name(card.name);
  wire.set_customers(card.customers);
  wire.set_share(card.share);
  TraitsToWire(card.demographics, *wire.mutable_demographics());
  TraitsToWire(card.behaviour, *wire.mutable_behaviour());
  TraitsToWire(card.channels, *wire.mutable_channels());
  TraitsToWire(card.categories, *wire.mutable_categories());
  TraitsToWire(card.goals, *wire.mutable_goals());
  TraitsToWire(card.challenges, *wire.mutable_challenges());
  TraitsToWire(card.distinctive, *wire.mutable_distinctive());
}

void RfmToWire(const segmentation::Population& population, v1::RfmSummary& wire) {
  Fill(population.rfm.recency_days, *wire.mutable_recency_days());
  Fill(population.rfm.frequency, *wire.mutable_frequency());
  Fill(population.rfm.monetary, *wire.mutable_monetary());
  for (size_t i = 0; i < population.rfm_segments.size(); ++i) {
    v1::SegmentCount& count = *wire.add_segments();
    count.set_segment(std::string(segmentation::NameOf(static_cast<segmentation::RfmSegment>(i))));
    count.set_members(population.rfm_segments[i]);
  }
}

void LifetimeValueToWire(const segmentation::Population& population, v1::LifetimeValueSummary& wire) {
  if (population.bg_nbd.has_value()) {
    wire.set_r(population.bg_nbd->r);
    wire.set_alpha(population.bg_nbd->alpha);
    wire.set_a(population.bg_nbd->a);
    wire.set_b(population.bg_nbd->b);
    wire.set_log_likelihood(population.log_likelihood);
  }
  if (population.gamma_gamma.has_value()) {
    wire.set_p(population.gamma_gamma->p);
    wire.set_q(population.gamma_gamma->q);
    wire.set_gamma(population.gamma_gamma->gamma);
  }
  const segmentation::LifetimeValueTotals& totals = population.lifetime_value;
  const bool plain = population.method == segmentation::LifetimeValueMethod::kPlain;
  if (population.bg_nbd.has_value()) {
    wire.set_expected_purchases(totals.expected_purchases);
    wire.set_mean_probability_alive(totals.mean_probability_alive);
  }
  if (plain || (population.bg_nbd.has_value() && population.gamma_gamma.has_value()))
    wire.set_expected_value(totals.expected_value);
}

}  // namespace

void ToWire(const batch::SegmentImpact& impact, v1::SegmentImpact& wire) {
  wire.set_segment(impact.segment);
  wire.set_members(impact.members);
  wire.set_members_before(impact.members_before);
  wire.set_entering(impact.entering);
  wire.set_leaving(impact.leaving);
  SampleToWire(impact.sample_members, *wire.mutable_sample_members());
  SampleToWire(impact.sample_entering, *wire.mutable_sample_entering());
  SampleToWire(impact.sample_leaving, *wire.mutable_sample_leaving());
}

void ToWire(const batch::StageImpact& impact, v1::StageImpact& wire) {
  wire.set_journey(impact.journey);
  wire.set_stage(impact.stage);
  wire.set_customers(impact.customers);
  wire.set_customers_before(impact.customers_before);
  wire.set_entering(impact.entering);
  wire.set_leaving(impact.leaving);
}

void ToWire(const segmentation::Separation& separation, v1::SuggestSegmentsResponse& wire) {
  wire.set_sample(separation.customers);
  wire.set_converters(separation.converters);
  for (const segmentation::SeparatingRule& rule : separation.rules) {
    v1::Suggestion& suggestion = *wire.add_suggestions();
    suggestion.set_rule(rule.rule);
    suggestion.set_customers(rule.customers);
    suggestion.set_converters(rule.converters);
    suggestion.set_lift(rule.lift);
  }
}

void ToWire(const segmentation::Population& population, const playbook::Playbook& playbook,
            v1::PopulationSummary& wire) {
  wire.set_version(population.version);
  TimeToWire(population.fitted_at, *wire.mutable_fitted_at());
  wire.set_playbook_version(population.playbook_version);
  wire.set_customers(population.counts.customers);
  wire.set_buyers(population.counts.buyers);
  wire.set_orders(population.counts.orders);
  wire.mutable_revenue()->set_micros(population.counts.revenue_micros);
  wire.mutable_revenue()->set_currency(playbook.currency);
  wire.set_one_time_buyers(population.counts.one_time_buyers);
  wire.set_sample(population.sample);
  RfmToWire(population, *wire.mutable_rfm());
  LifetimeValueToWire(population, *wire.mutable_lifetime_value());
  for (const segmentation::PersonaCard& card : population.cards) CardToWire(card, *wire.add_personas());
  wire.set_silhouette(population.silhouette);
  for (const segmentation::FeatureBins& bins : population.bins) {
    v1::FeatureBins& element = *wire.add_features();
    element.set_trait(bins.trait);
    Fill(bins.boundaries, *element.mutable_boundaries());
  }
}

}  // namespace waymark::rpc
