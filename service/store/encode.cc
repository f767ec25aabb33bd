#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/variant.h"
#include "google/protobuf/repeated_field.h"
#include "service/store/codec.h"
#include "service/store/columns.h"
#include "service/store/trail_codec.h"
#include "waymark/storage/v1/profile.pb.h"

namespace waymark::store {
namespace {

using Columns = storage::v1::Profile;

uint32_t Id(segmentation::NameId name) { return static_cast<uint32_t>(name); }

// Appends one trait's value to the columns of its kind.
struct TraitEncoder {
  Columns& out;

  void operator()(bool value) const { Int(storage::v1::TRAIT_KIND_BOOL, value ? 1 : 0); }
  void operator()(int64_t value) const { Int(storage::v1::TRAIT_KIND_INT, value); }
  void operator()(absl::Time value) const { Int(storage::v1::TRAIT_KIND_TIME, MillisOf(value)); }
  void operator()(double value) const {
    out.add_trait_kinds(storage::v1::TRAIT_KIND_DOUBLE);
    out.add_trait_doubles(value);
  }
  void operator()(const std::string& value) const {
    out.add_trait_kinds(storage::v1::TRAIT_KIND_STRING);
    Text(value);
  }
  void operator()(const std::vector<std::string>& values) const {
    Int(storage::v1::TRAIT_KIND_STRING_LIST, static_cast<int64_t>(values.size()));
    for (const std::string& value : values) Text(value);
  }

  void Int(storage::v1::TraitKind kind, int64_t value) const {
    out.add_trait_kinds(kind);
    out.add_trait_ints(value);
  }
  void Text(const std::string& text) const {
    out.add_trait_lengths(static_cast<uint32_t>(text.size()));
    out.mutable_trait_text()->append(text);
  }
};

void EncodeTraits(const segmentation::Profile& profile, Columns& out) {
  for (const segmentation::Trait& trait : profile.traits) {
    out.add_trait_names(Id(trait.name));
    absl::visit(TraitEncoder{out}, trait.value);
  }
}

void EncodeConsents(const segmentation::Profile& profile, Columns& out) {
  for (const segmentation::Consent& consent : profile.consents) {
    out.add_consent_purposes(Id(consent.purpose));
    out.add_consent_granted(consent.granted);
    out.add_consent_times(Minus(MillisOf(consent.at), out.created_ms()));
  }
}

// Whether all values of the ledger are multiples.
bool DividesAll(const segmentation::Ledger& ledger, int64_t unit) {
  const auto divides = [unit](const auto& it) { return it.value_micros % unit == 0; };
  return std::all_of(ledger.series().begin(), ledger.series().end(), [&](const segmentation::Series& series) {
    return divides(series) && std::all_of(series.hours.begin(), series.hours.end(), divides) &&
           std::all_of(series.days.begin(), series.days.end(), divides);
  });
}

uint32_t ValueUnit(const segmentation::Ledger& ledger) {
  uint32_t unit = 1'000'000;
  while (unit > 1 && !DividesAll(ledger, unit)) unit /= 100;
  return unit;
}

// Whether all of the ledger's times are multiples.
bool DividesTimes(const segmentation::Ledger& ledger, int64_t unit) {
  return std::all_of(ledger.series().begin(), ledger.series().end(), [unit](const segmentation::Series& series) {
    return MillisOf(series.first) % unit == 0 && MillisOf(series.last) % unit == 0;
  });
}

int64_t TimeUnit(const segmentation::Ledger& ledger) {
  if (DividesTimes(ledger, 60'000)) return 60'000;
  return DividesTimes(ledger, 1'000) ? 1'000 : 1;
}

void EncodeBuckets(const std::vector<segmentation::Bucket>& buckets, int32_t last, int64_t unit, Columns& out) {
  int32_t before = last;
  for (const segmentation::Bucket& bucket : buckets) {
    out.add_bucket_steps(Minus(bucket.index, before));
    out.add_bucket_counts(bucket.count);
    out.add_bucket_values(bucket.value_micros / unit);
    before = bucket.index;
  }
}

// Leaves the counts out where most are 1.
void ShortenCounts(Columns& out) {
  const auto& counts = out.bucket_counts();
  const auto ones = std::count(counts.begin(), counts.end(), 1);
  constexpr int kColumnBytes = 6;  // of the two columns that come instead, whose entries take two bytes together
  if (2 * (counts.size() - ones) + kColumnBytes >= counts.size()) return;
  uint32_t before = 0;
  for (int i = 0; i < counts.size(); ++i) {
    if (counts[i] == 1) continue;
    out.add_bucket_multiples(static_cast<uint32_t>(i) - before);
    out.add_bucket_multiple_counts(counts[i]);
    before = static_cast<uint32_t>(i);
  }
  out.clear_bucket_counts();
}

void EncodeLedger(const segmentation::Ledger& ledger, Columns& out) {
  if (ledger.series().empty()) return;
  const int64_t unit = ValueUnit(ledger);
  const int64_t time_unit = TimeUnit(ledger);
  out.set_value_unit(static_cast<uint32_t>(unit));
  if (time_unit != 1) out.set_time_unit(static_cast<uint32_t>(time_unit));
  for (const segmentation::Series& series : ledger.series()) {
    const int64_t first = MillisOf(series.first) / time_unit;
    const int64_t last = MillisOf(series.last);
    out.add_series_events(Id(series.event));
    out.add_series_counts(series.count);
    out.add_series_values(series.value_micros / unit);
    out.add_series_firsts(Minus(first, out.created_ms() / time_unit));
    out.add_series_lasts(Minus(last / time_unit, first));
    out.add_series_hours(static_cast<uint32_t>(series.hours.size()));
    out.add_series_days(static_cast<uint32_t>(series.days.size()));
    EncodeBuckets(series.hours, BucketOf(last, kMillisPerHour), unit, out);
    EncodeBuckets(series.days, BucketOf(last, kMillisPerDay), unit, out);
  }
  const auto& hours = out.series_hours();
  if (std::all_of(hours.begin(), hours.end(), [](uint32_t size) { return size == 0; })) out.clear_series_hours();
  ShortenCounts(out);
}

void EncodeAffinities(const segmentation::Profile& profile, Columns& out) {
  for (const segmentation::Affinity& affinity : profile.affinities) {
    out.add_affinity_names(Id(affinity.name));
    const int64_t weight = std::llround(affinity.log2_weight * segmentation::Affinity::kStepsPerHalfLife);
    out.add_affinity_weights(Minus(weight, out.created_ms() / kMillisPerAffinityStep));
  }
}

void EncodePositions(const segmentation::Profile& profile, Columns& out) {
  int64_t before = out.created_ms();
  const auto add = [&](const segmentation::StageEntry& entry) {
    const int64_t since = MillisOf(entry.since);
    out.add_stage_names(Id(entry.stage));
    out.add_stage_since(Minus(since, before));
    before = since;
  };
  for (const segmentation::JourneyPosition& position : profile.positions) {
    out.add_position_journeys(Id(position.journey));
    out.add_position_history(static_cast<uint32_t>(position.history.size()));
    std::for_each(position.history.begin(), position.history.end(), add);
    add(position.current);
  }
  if (profile.positions_as_of.has_value()) {
    out.add_positions_as_of(Minus(MillisOf(*profile.positions_as_of), out.created_ms()));
  }
  if (std::all_of(profile.positions.begin(), profile.positions.end(),
                  [](const segmentation::JourneyPosition& position) { return position.forgotten.empty(); })) {
    return;
  }
  for (const segmentation::JourneyPosition& position : profile.positions) {
    out.add_position_forgotten(static_cast<uint32_t>(position.forgotten.size()));
    for (const segmentation::ForgottenVisits& forgotten : position.forgotten) {
      out.add_forgotten_stages(Id(forgotten.stage));
      out.add_forgotten_counts(forgotten.count);
    }
  }
}

void EncodeScores(const segmentation::Profile& profile, Columns& out) {
  int64_t before = out.created_ms();
  for (const segmentation::Score& score : profile.scores) {
    const int64_t at = MillisOf(score.at);
    out.add_score_types(Id(score.type));
    out.add_score_values(score.value_micros);
    out.add_score_times(Minus(at, before));
    before = at;
  }
}

// The index of a name in a list that has each once, adding it where it is new. A profile mentions few, so that looking
// through them is quick.
uint32_t IndexOf(segmentation::NameId name, google::protobuf::RepeatedField<uint32_t>& names) {
  const auto index = static_cast<uint32_t>(std::find(names.begin(), names.end(), Id(name)) - names.begin());
  if (index == static_cast<uint32_t>(names.size())) names.Add(Id(name));
  return index;
}

void EncodeContacts(const segmentation::Profile& profile, Columns& out) {
  int64_t before = out.created_ms();
  for (const segmentation::Contact& contact : profile.contacts) {
    const int64_t at = MillisOf(contact.at);
    out.add_contact_actions(IndexOf(contact.action, *out.mutable_contact_names()));
    out.add_contact_channels(IndexOf(contact.channel, *out.mutable_contact_names()));
    out.add_contact_times(Minus(at, before));
    out.add_contact_decisions(contact.decision);
    before = at;
  }
}

void EncodeOutcomes(const segmentation::Profile& profile, Columns& out) {
  int64_t before = out.created_ms();
  for (const segmentation::Outcome& outcome : profile.outcomes) {
    const int64_t at = MillisOf(outcome.at);
    out.add_outcome_actions(IndexOf(outcome.action, *out.mutable_outcome_names()));
    out.add_outcome_types(IndexOf(outcome.type, *out.mutable_outcome_names()));
    out.add_outcome_times(Minus(at, before));
    before = at;
  }
}

void EncodeSeen(const segmentation::Profile& profile, Columns& out) {
  std::string& fingerprints = *out.mutable_seen_fingerprints();
  fingerprints.resize(profile.seen.size() * kFingerprintBytes);
  size_t at = 0;
  int32_t day = 0;
  for (const segmentation::SeenEvent& seen : profile.seen) {
    for (size_t i = 0; i < kFingerprintBytes; ++i) fingerprints[at++] = static_cast<char>(seen.fingerprint >> (8 * i));
    if (out.seen_day_counts().empty() || seen.received_day != day) {
      out.add_seen_day_steps(Minus(seen.received_day, day));
      out.add_seen_day_counts(0);
      day = seen.received_day;
    }
    uint32_t& run = *std::prev(out.mutable_seen_day_counts()->end());
    ++run;
  }
}

}  // namespace

std::string Encode(const segmentation::Profile& profile, EventIds event_ids) {
  thread_local Columns out;  // keeps its memory from call to call
  out.Clear();
  out.set_format(kProfileFormat);
  out.set_created_ms(MillisOf(profile.created));
  out.set_updated_ms(Minus(MillisOf(profile.updated), out.created_ms()));
  EncodeLedger(profile.ledger, out);
  if (event_ids == EventIds::kEncode) EncodeSeen(profile, out);
  EncodeAffinities(profile, out);
  EncodeTraits(profile, out);
  EncodeConsents(profile, out);
  EncodePositions(profile, out);
  EncodeContacts(profile, out);
  EncodeOutcomes(profile, out);
  EncodeScores(profile, out);
  if (profile.trail != segmentation::Trail()) EncodeTrail(profile.trail, out.created_ms(), *out.mutable_trail());
  out.set_derived_version(profile.derived.playbook_version);
  for (segmentation::NameId segment : profile.derived.segments) out.add_derived_segments(Id(segment));
  out.set_compacted(profile.compacted);
  return out.SerializeAsString();
}

}  // namespace waymark::store
