#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "service/cli/print.h"
#include "service/cli/progress.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

// How far a preview is, where it is not exact yet.
std::string LookedAt(int64_t profiles, int64_t estimated_total, bool done) {
  std::string out = absl::StrCat("of ", Grouped(profiles), " customers");
  if (!done)
    absl::StrAppend(&out, " looked at", estimated_total > 0 ? " (about " + Grouped(estimated_total) + ")" : "");
  return out;
}

void AppendSample(absl::string_view name, const google::protobuf::RepeatedPtrField<std::string>& customers,
                  std::string& out) {
  if (customers.empty()) return;
  absl::StrAppend(&out, "    ", name, ", for example: ", absl::StrJoin(customers, ", "), "\n");
}

void AppendImpact(const v1::SegmentImpact& impact, std::string& out) {
  absl::StrAppend(&out, "  ", impact.segment().empty() ? "(the candidate)" : impact.segment(), ": ",
                  Grouped(impact.members_before()), " -> ", Grouped(impact.members()), " (", Grouped(impact.entering()),
                  " would enter, ", Grouped(impact.leaving()), " leave)\n");
  AppendSample("members", impact.sample_members(), out);
  AppendSample("entering", impact.sample_entering(), out);
  AppendSample("leaving", impact.sample_leaving(), out);
}

// "country DE 61 % (everyone 40 %)", "age 41.2 (everyone 38.9)"; `shares`: of a list in which all numbers are shares.
std::string TraitText(const v1::PersonaTrait& trait, bool shares) {
  if (!shares && trait.value().empty()) {
    return absl::StrFormat("%s %.4g (everyone %.4g)", trait.name(), trait.here(), trait.overall());
  }
  return absl::StrFormat("%s%s%s %.0f %% (everyone %.0f %%)", trait.name(), trait.value().empty() ? "" : " ",
                         trait.value(), 100 * trait.here(), 100 * trait.overall());
}

// What is worth reading of many: the few that are furthest from everyone, in their order.
constexpr int kMaxShownTraits = 8;

google::protobuf::RepeatedPtrField<v1::PersonaTrait> Furthest(
    google::protobuf::RepeatedPtrField<v1::PersonaTrait> traits) {
  if (traits.size() <= kMaxShownTraits) return traits;
  std::vector<double> distances;
  for (const v1::PersonaTrait& trait : traits) distances.push_back(std::abs(trait.deviation()));
  std::sort(distances.begin(), distances.end(), std::greater<>());
  const double least = distances[kMaxShownTraits - 1];
  traits.erase(std::remove_if(traits.begin(), traits.end(),
                              [least](const v1::PersonaTrait& trait) { return std::abs(trait.deviation()) < least; }),
               traits.end());
  return traits;
}

void AppendTraits(absl::string_view title, const google::protobuf::RepeatedPtrField<v1::PersonaTrait>& traits,
                  bool shares, std::string& out) {
  if (traits.empty()) return;
  absl::StrAppend(&out, "    ", title, ": ",
                  absl::StrJoin(traits, "; ",
                                [shares](std::string* text, const v1::PersonaTrait& trait) {
                                  absl::StrAppend(text, TraitText(trait, shares));
                                }),
                  "\n");
}

void AppendPersona(const v1::Persona& persona, std::string& out) {
  absl::StrAppendFormat(&out, "  %s: %s customers (%.0f %%)\n", persona.name(), Grouped(persona.customers()),
                        100 * persona.share());
  AppendTraits("sets it apart", persona.distinctive(), false, out);
  AppendTraits("demographics", Furthest(persona.demographics()), false, out);
  AppendTraits("behaviour", Furthest(persona.behaviour()), false, out);
  AppendTraits("channels", persona.channels(), true, out);
  AppendTraits("categories", persona.categories(), true, out);
  AppendTraits("goals", persona.goals(), true, out);
  AppendTraits("challenges", persona.challenges(), true, out);
}

void AppendLifetimeValue(const v1::LifetimeValueSummary& value, std::string& out) {
  if (value.has_r()) {
    absl::StrAppendFormat(&out, "purchases and dropping out (BG/NBD, weeks): r %.4g, alpha %.4g, a %.4g, b %.4g\n",
                          value.r(), value.alpha(), value.a(), value.b());
  }
  if (value.has_p()) {
    absl::StrAppendFormat(&out, "spend (Gamma-Gamma): p %.4g, q %.4g, gamma %.4g\n", value.p(), value.q(),
                          value.gamma());
  }
  if (!value.has_r()) absl::StrAppend(&out, "too few repeat buyers for a model of purchases: 50 are needed\n");
  if (value.has_expected_purchases()) {
    absl::StrAppendFormat(&out, "expected within the horizon: %.1f orders; a buyer is alive with %.0f %%\n",
                          value.expected_purchases(), 100 * value.mean_probability_alive());
  }
  if (value.has_expected_value()) absl::StrAppendFormat(&out, "lifetime value: %.2f\n", value.expected_value());
}

}  // namespace

std::string DifferencesText(const std::vector<playbook::Difference>& differences) {
  std::string out;
  for (const playbook::Difference& difference : differences) {
    const char sign = difference.kind == playbook::DifferenceKind::kAdded     ? '+'
                      : difference.kind == playbook::DifferenceKind::kRemoved ? '-'
                                                                              : '~';
    absl::StrAppend(&out, absl::string_view(&sign, 1), " ", difference.list, difference.name.empty() ? "" : " ",
                    difference.name, difference.fields.empty() ? "" : ": ", absl::StrJoin(difference.fields, ", "),
                    "\n");
  }
  return out.empty() ? "no difference\n" : out;
}

std::string DifferencesJson(const std::vector<playbook::Difference>& differences) {
  nlohmann::json array = nlohmann::json::array();
  for (const playbook::Difference& difference : differences) {
    const char* kind = difference.kind == playbook::DifferenceKind::kAdded     ? "added"
                       : difference.kind == playbook::DifferenceKind::kRemoved ? "removed"
                                                                               : "changed";
    array.push_back(
        {{"kind", kind}, {"list", difference.list}, {"name", difference.name}, {"fields", difference.fields}});
  }
  return array.dump() + "\n";
}

std::string PreviewText(const v1::PreviewSegmentResponse& response) {
  std::string out = absl::StrCat(LookedAt(response.profiles(), response.estimated_total(), response.done()), "\n");
  AppendImpact(response.impact(), out);
  return out;
}

std::string PreviewText(const v1::PreviewPlaybookResponse& response) {
  std::string out = absl::StrCat(LookedAt(response.profiles(), response.estimated_total(), response.done()), "\n");
  for (const v1::SegmentImpact& impact : response.segments()) {
    if (impact.entering() + impact.leaving() > 0) AppendImpact(impact, out);
  }
  for (const v1::StageImpact& impact : response.stages()) {
    if (impact.entering() + impact.leaving() == 0) continue;
    absl::StrAppend(&out, "  ", impact.journey(), ".", impact.stage(), ": ", Grouped(impact.customers_before()), " -> ",
                    Grouped(impact.customers()), " (", Grouped(impact.entering()), " would enter, ",
                    Grouped(impact.leaving()), " leave)\n");
  }
  return out;
}

std::string PopulationText(const v1::PopulationSummary& population) {
  const absl::Time fitted = FromTimestamp(population.fitted_at());
  std::string out = absl::StrCat("population ", population.version(), " of ",
                                 absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", fitted, absl::UTCTimeZone()), " (playbook ",
                                 population.playbook_version(), ")\n", Grouped(population.customers()), " customers, ",
                                 Grouped(population.buyers()), " buyers, ", Grouped(population.orders()), " orders, ",
                                 absl::StrFormat("%.2f", static_cast<double>(population.revenue().micros()) / 1e6),
                                 population.revenue().currency().empty() ? "" : " ", population.revenue().currency(),
                                 ", ", Grouped(population.one_time_buyers()), " bought once\n");
  AppendLifetimeValue(population.lifetime_value(), out);
  if (!population.rfm().segments().empty()) absl::StrAppend(&out, "RFM\n");
  for (const v1::SegmentCount& count : population.rfm().segments()) {
    absl::StrAppendFormat(&out, "  %10s  %s\n", Grouped(count.members()), count.segment());
  }
  if (!population.personas().empty()) {
    absl::StrAppendFormat(&out, "personas (mean silhouette %.2f)\n", population.silhouette());
  }
  for (const v1::Persona& persona : population.personas()) AppendPersona(persona, out);
  return out;
}

std::string SuggestionsText(const v1::SuggestSegmentsResponse& response) {
  std::string out = absl::StrCat(Grouped(response.converters()), " of ", Grouped(response.sample()), " customers\n");
  for (const v1::Suggestion& suggestion : response.suggestions()) {
    absl::StrAppendFormat(&out, "  lift %.2f  %s of %s  %s\n", suggestion.lift(), Grouped(suggestion.converters()),
                          Grouped(suggestion.customers()), suggestion.rule());
  }
  if (response.suggestions().empty()) absl::StrAppend(&out, "  nothing separates them well enough\n");
  return out;
}

}  // namespace waymark::cli
