#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/observation.h"
#include "service/playbook/compile.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

using segmentation::LifetimeValueMethod;
using segmentation::NameIdOf;
using segmentation::PopulationSpec;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr int kMinPersonas = 2;
constexpr int kMaxPersonas = 32;

absl::optional<PopulationSpec::TraitType> TraitTypeOf(v1::ValueType type) {
  switch (type) {
    case v1::VALUE_TYPE_BOOL:
      return PopulationSpec::TraitType::kBool;
    case v1::VALUE_TYPE_INT:
      return PopulationSpec::TraitType::kInt;
    case v1::VALUE_TYPE_DOUBLE:
      return PopulationSpec::TraitType::kDouble;
    case v1::VALUE_TYPE_STRING:
      return PopulationSpec::TraitType::kString;
    default:
      return absl::nullopt;
  }
}

std::vector<PopulationSpec::Name> Named(const std::vector<std::string>& names) {
  std::vector<PopulationSpec::Name> named;
  named.reserve(names.size());
  for (const std::string& name : names) named.push_back({NameIdOf(name), name});
  return named;
}

}  // namespace

void Compiler::CompilePopulation() {
  const v1::Population& source = source_.population();
  PopulationSpec& spec = playbook_->population_spec;
  const std::string purchase = source.purchase().empty() ? "purchase" : source.purchase();
  events_.Find("population.purchase", purchase);
  spec.purchase = NameIdOf(purchase);
  CompileLifetimeValue(source.lifetime_value(), spec);
  CompilePersonas(source.personas(), spec);
  // The playbook's own first: of very many, those that are looked at last are left out.
  std::vector<std::string> events = events_.names();
  std::rotate(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(BuiltInEvents().size()), events.end());
  spec.events = Named(events);
  spec.channels = Named(channels_.names());
  for (const EventLabel& label : playbook_->event_labels) spec.labels.push_back({label.id, label.name});
  if (playbook_->journeys.empty()) return;
  const Journey& primary = playbook_->journeys.front();
  spec.journey = primary.id;
  for (const Stage& stage : primary.stages) spec.stages.push_back({stage.id, stage.name, stage.goal});
}

void Compiler::CompileLifetimeValue(const v1::LifetimeValue& source, PopulationSpec& spec) {
  if (source.method() == v1::LIFETIME_VALUE_METHOD_PLAIN) spec.lifetime_value = LifetimeValueMethod::kPlain;
  if (source.has_horizon()) spec.horizon = ToDuration(source.horizon());
  if (source.has_lifespan()) spec.lifespan = ToDuration(source.lifespan());
  if (spec.horizon < kDay || spec.horizon > 3660 * kDay) {
    problems_.Add("population.lifetime_value.horizon", "1 day to 10 years");
  }
  if (spec.lifespan < kDay || spec.lifespan > 36600 * kDay) {
    problems_.Add("population.lifetime_value.lifespan", "1 day to 100 years");
  }
}

void Compiler::CompilePersonas(const v1::Personas& source, PopulationSpec& spec) {
  if (source.min() != 0) spec.personas_min = source.min();
  if (source.max() != 0) spec.personas_max = source.max();
  if (source.max() == 0) spec.personas_max = std::max(spec.personas_max, spec.personas_min);
  if (source.min() == 0) spec.personas_min = std::min(spec.personas_min, spec.personas_max);
  if (spec.personas_min < kMinPersonas || spec.personas_min > kMaxPersonas)
    problems_.Add("population.personas.min", absl::StrCat(kMinPersonas, " to ", kMaxPersonas));
  if (spec.personas_max < spec.personas_min || spec.personas_max > kMaxPersonas)
    problems_.Add("population.personas.max", absl::StrCat("`min` to ", kMaxPersonas));
  for (int i = 0; i < source.traits_size(); ++i) {
    const std::string field = absl::StrCat("population.personas.traits[", i, "]");
    const int index = traits_.Find(field, source.traits(i));
    if (index < 0) continue;
    if (std::find(source.traits().begin(), source.traits().begin() + i, source.traits(i)) !=
        source.traits().begin() + i) {
      problems_.Add(field, absl::StrCat("`", source.traits(i), "` is given twice"));
    }
    if (!AddPersonaTrait(index, spec)) problems_.Add(field, "personas look at BOOL, INT, DOUBLE and STRING");
  }
  for (int i = 0; i < source_.traits_size() && source.traits().empty(); ++i) AddPersonaTrait(i, spec);
  std::vector<std::string> pain_points(source.pain_points().begin(), source.pain_points().end());
  for (size_t i = 0; i < pain_points.size(); ++i) {
    events_.Find(absl::StrCat("population.personas.pain_points[", i, "]"), pain_points[i]);
  }
  if (pain_points.empty()) pain_points = {"contact_support", "refund"};
  spec.pain_points = Named(pain_points);
}

bool Compiler::AddPersonaTrait(int index, PopulationSpec& spec) {
  const v1::Trait& trait = source_.traits(index);
  const absl::optional<PopulationSpec::TraitType> type = TraitTypeOf(trait.type());
  if (type.has_value()) spec.traits.push_back({NameIdOf(trait.name()), trait.name(), *type});
  return type.has_value();
}

}  // namespace waymark::playbook
