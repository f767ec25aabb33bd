#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/store/codec.h"
#include "service/store/columns.h"
#include "service/store/store.h"
#include "waymark/storage/v1/profile.pb.h"

namespace waymark::store {
namespace {

using Columns = storage::v1::Profile;
using segmentation::NameId;

// Each Decode... says whether the columns fit together, and leaves the profile in any state where they do not.

template <typename A, typename... Columns>
bool SameSize(const A& first, const Columns&... others) {
  return ((first.size() == others.size()) && ...);
}

template <typename Column>
bool Ascending(const Column& ids) {
  for (int i = 1; i < ids.size(); ++i) {
    if (ids[i - 1] >= ids[i]) return false;
  }
  return true;
}

// Takes the traits' values from the columns of their kinds, in order.
class TraitDecoder {
 public:
  explicit TraitDecoder(const Columns& in) : in_(in) {}

  bool Next(int kind, segmentation::TraitValue& value) {
    switch (kind) {
      case storage::v1::TRAIT_KIND_BOOL: {
        int64_t number = 0;
        if (!Int(number) || (number != 0 && number != 1)) return false;
        value = number == 1;
        return true;
      }
      case storage::v1::TRAIT_KIND_INT: {
        int64_t number = 0;
        if (!Int(number)) return false;
        value = number;
        return true;
      }
      case storage::v1::TRAIT_KIND_TIME: {
        int64_t millis = 0;
        if (!Int(millis)) return false;
        value = TimeOf(millis);
        return true;
      }
      case storage::v1::TRAIT_KIND_DOUBLE:
        if (doubles_ == in_.trait_doubles_size()) return false;
        value = in_.trait_doubles(doubles_++);
        return true;
      case storage::v1::TRAIT_KIND_STRING:
        return Text(value.emplace<std::string>());
      case storage::v1::TRAIT_KIND_STRING_LIST:
        return List(value.emplace<std::vector<std::string>>());
      default:
        return false;
    }
  }

  // Whether everything was taken.
  bool AtEnd() const {
    return ints_ == in_.trait_ints_size() && doubles_ == in_.trait_doubles_size() &&
           lengths_ == in_.trait_lengths_size() && text_ == in_.trait_text().size();
  }

 private:
  bool Int(int64_t& number) {
    if (ints_ == in_.trait_ints_size()) return false;
    number = in_.trait_ints(ints_++);
    return true;
  }

  bool Text(std::string& text) {
    if (lengths_ == in_.trait_lengths_size()) return false;
    const size_t length = in_.trait_lengths(lengths_++);
    if (length > in_.trait_text().size() - text_) return false;
    text.assign(in_.trait_text(), text_, length);
    text_ += length;
    return true;
  }

  bool List(std::vector<std::string>& list) {
    int64_t size = 0;
    if (!Int(size) || size < 0 || size > in_.trait_lengths_size() - lengths_) return false;
    list.resize(static_cast<size_t>(size));
    for (std::string& text : list) {
      if (!Text(text)) return false;
    }
    return true;
  }

  const Columns& in_;
  int ints_ = 0;
  int doubles_ = 0;
  int lengths_ = 0;
  size_t text_ = 0;
};

bool DecodeTraits(const Columns& in, segmentation::Profile& profile) {
  if (!SameSize(in.trait_names(), in.trait_kinds()) || !Ascending(in.trait_names())) return false;
  TraitDecoder decoder(in);
  profile.traits.resize(static_cast<size_t>(in.trait_names_size()));
  for (int i = 0; i < in.trait_names_size(); ++i) {
    segmentation::Trait& trait = profile.traits[static_cast<size_t>(i)];
    trait.name = NameId{in.trait_names(i)};
    if (!decoder.Next(in.trait_kinds(i), trait.value)) return false;
  }
  return decoder.AtEnd();
}

bool DecodeConsents(const Columns& in, segmentation::Profile& profile) {
  if (!SameSize(in.consent_purposes(), in.consent_granted(), in.consent_times())) return false;
  if (!Ascending(in.consent_purposes())) return false;
  profile.consents.reserve(static_cast<size_t>(in.consent_purposes_size()));
  for (int i = 0; i < in.consent_purposes_size(); ++i) {
    profile.consents.push_back({.purpose = NameId{in.consent_purposes(i)},
                                .granted = in.consent_granted(i),
                                .at = TimeOf(Plus(in.created_ms(), in.consent_times(i)))});
  }
  return true;
}

// Takes the buckets of the ledger's series, in order.
class BucketDecoder {
 public:
  explicit BucketDecoder(const Columns& in) : in_(in) {
    if (!in.bucket_multiples().empty()) next_multiple_ = in.bucket_multiples(0);
  }

  bool Next(uint32_t size, int32_t last, std::vector<segmentation::Bucket>& buckets) {
    if (size > static_cast<uint32_t>(in_.bucket_steps_size() - at_)) return false;
    buckets.resize(size);
    int32_t before = last;
    for (segmentation::Bucket& bucket : buckets) {
      bucket.index = Plus(before, in_.bucket_steps(at_));
      bucket.count = in_.bucket_counts().empty() ? TakeCount() : in_.bucket_counts(at_);
      if (!Value(in_.bucket_values(at_), bucket.value_micros)) return false;
      if (&bucket != buckets.data() && bucket.index <= before) return false;
      before = bucket.index;
      ++at_;
    }
    return true;
  }

  bool Value(int64_t units, int64_t& micros) const {
    return !__builtin_mul_overflow(units, static_cast<int64_t>(in_.value_unit()), &micros);
  }

  bool AtEnd() const { return at_ == in_.bucket_steps_size() && multiple_ == in_.bucket_multiples_size(); }

 private:
  uint32_t TakeCount() {
    if (multiple_ == in_.bucket_multiples_size() || next_multiple_ != static_cast<uint64_t>(at_)) return 1;
    const uint32_t count = in_.bucket_multiple_counts(multiple_);
    if (++multiple_ < in_.bucket_multiples_size()) next_multiple_ += in_.bucket_multiples(multiple_);
    return count;
  }

  const Columns& in_;
  int at_ = 0;
  int multiple_ = 0;            // how many of bucket_multiples were taken
  uint64_t next_multiple_ = 0;  // the place of the next
};

bool LedgerFits(const Columns& in) {
  return SameSize(in.series_events(), in.series_counts(), in.series_values(), in.series_firsts(), in.series_lasts(),
                  in.series_days()) &&
         (in.series_hours().empty() || SameSize(in.series_events(), in.series_hours())) &&
         SameSize(in.bucket_steps(), in.bucket_values()) &&
         (in.bucket_counts().empty() || SameSize(in.bucket_steps(), in.bucket_counts())) &&
         SameSize(in.bucket_multiples(), in.bucket_multiple_counts()) && Ascending(in.series_events()) &&
         (in.value_unit() > 0 || in.series_events().empty());
}

bool DecodeLedger(const Columns& in, segmentation::Profile& profile) {
  if (!LedgerFits(in)) return false;
  BucketDecoder buckets(in);
  const int64_t time_unit = in.time_unit() == 0 ? 1 : in.time_unit();
  std::vector<segmentation::Series> all(static_cast<size_t>(in.series_events_size()));
  for (int i = 0; i < in.series_events_size(); ++i) {
    segmentation::Series& series = all[static_cast<size_t>(i)];
    const int64_t first_units = Plus(in.created_ms() / time_unit, in.series_firsts(i));
    int64_t first = 0;
    int64_t last = 0;
    if (__builtin_mul_overflow(first_units, time_unit, &first) ||
        __builtin_mul_overflow(Plus(first_units, in.series_lasts(i)), time_unit, &last)) {
      return false;
    }
    series.event = NameId{in.series_events(i)};
    series.count = in.series_counts(i);
    series.first = TimeOf(first);
    series.last = TimeOf(last);
    if (!buckets.Value(in.series_values(i), series.value_micros) ||
        !buckets.Next(in.series_hours().empty() ? 0 : in.series_hours(i), BucketOf(last, kMillisPerHour),
                      series.hours) ||
        !buckets.Next(in.series_days(i), BucketOf(last, kMillisPerDay), series.days)) {
      return false;
    }
  }
  profile.ledger.set_series(std::move(all));
  return buckets.AtEnd();
}

bool DecodeAffinities(const Columns& in, segmentation::Profile& profile) {
  if (!SameSize(in.affinity_names(), in.affinity_weights()) || !Ascending(in.affinity_names())) return false;
  profile.affinities.reserve(static_cast<size_t>(in.affinity_names_size()));
  for (int i = 0; i < in.affinity_names_size(); ++i) {
    const int64_t weight = Plus(in.affinity_weights(i), in.created_ms() / kMillisPerAffinityStep);
    if (weight < -kMaxAffinityWeight || weight > kMaxAffinityWeight) return false;
    profile.affinities.push_back(
        {NameId{in.affinity_names(i)}, static_cast<double>(weight) / segmentation::Affinity::kStepsPerHalfLife});
  }
  return true;
}

bool DecodePositions(const Columns& in, segmentation::Profile& profile) {
  if (!SameSize(in.position_journeys(), in.position_history()) || !SameSize(in.stage_names(), in.stage_since()) ||
      !Ascending(in.position_journeys())) {
    return false;
  }
  int at = 0;
  int64_t since = in.created_ms();
  const auto next = [&] {
    since = Plus(since, in.stage_since(at));
    return segmentation::StageEntry{NameId{in.stage_names(at++)}, TimeOf(since)};
  };
  profile.positions.resize(static_cast<size_t>(in.position_journeys_size()));
  for (int i = 0; i < in.position_journeys_size(); ++i) {
    segmentation::JourneyPosition& position = profile.positions[static_cast<size_t>(i)];
    position.journey = NameId{in.position_journeys(i)};
    const uint32_t history = in.position_history(i);
    if (history >= static_cast<uint32_t>(in.stage_names_size() - at)) return false;  // the current one comes after them
    position.history.reserve(history);
    for (uint32_t j = 0; j < history; ++j) position.history.push_back(next());
    position.current = next();
  }
  return at == in.stage_names_size();
}

bool DecodeContacts(const Columns& in, segmentation::Profile& profile) {
  if (!SameSize(in.contact_actions(), in.contact_channels(), in.contact_times(), in.contact_decisions())) return false;
  const auto names = static_cast<uint32_t>(in.contact_names_size());
  int64_t at = in.created_ms();
  profile.contacts.reserve(static_cast<size_t>(in.contact_actions_size()));
  for (int i = 0; i < in.contact_actions_size(); ++i) {
    if (in.contact_actions(i) >= names || in.contact_channels(i) >= names) return false;
    at = Plus(at, in.contact_times(i));
    profile.contacts.push_back({.action = NameId{in.contact_names(static_cast<int>(in.contact_actions(i)))},
                                .channel = NameId{in.contact_names(static_cast<int>(in.contact_channels(i)))},
                                .at = TimeOf(at),
                                .decision = in.contact_decisions(i)});
  }
  return true;
}

bool DecodeSeen(const Columns& in, segmentation::Profile& profile) {
  if (!SameSize(in.seen_day_steps(), in.seen_day_counts())) return false;
  const std::string& fingerprints = in.seen_fingerprints();
  if (fingerprints.size() % kFingerprintBytes != 0) return false;
  const size_t size = fingerprints.size() / kFingerprintBytes;
  profile.seen.resize(size);
  size_t at = 0;
  int32_t day = 0;
  for (int run = 0; run < in.seen_day_steps_size(); ++run) {
    day = Plus(day, in.seen_day_steps(run));
    const size_t count = in.seen_day_counts(run);
    if (count == 0 || count > size - at) return false;
    for (const size_t end = at + count; at < end; ++at) {
      uint64_t fingerprint = 0;
      for (size_t i = 0; i < kFingerprintBytes; ++i) {
        fingerprint |= uint64_t{static_cast<uint8_t>(fingerprints[at * kFingerprintBytes + i])} << (8 * i);
      }
      profile.seen[at] = {fingerprint, day};
    }
  }
  return at == size;
}

bool DecodeDerived(const Columns& in, segmentation::Profile& profile) {
  if (!Ascending(in.derived_segments())) return false;
  profile.derived.playbook_version = in.derived_version();
  profile.derived.segments.reserve(static_cast<size_t>(in.derived_segments_size()));
  for (uint32_t segment : in.derived_segments()) profile.derived.segments.push_back(NameId{segment});
  return true;
}

}  // namespace

absl::StatusOr<segmentation::Profile> Decode(absl::string_view bytes) {
  thread_local Columns in;  // keeps its memory from call to call
  if (bytes.size() > kMaxProfileBytes || !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("a stored profile cannot be read");
  }
  if (in.format() != kProfileFormat || !in.GetReflection()->GetUnknownFields(in).empty()) {
    return absl::DataLossError("a stored profile has a format that this version does not know");
  }
  segmentation::Profile profile;
  profile.created = TimeOf(in.created_ms());
  profile.updated = TimeOf(Plus(in.created_ms(), in.updated_ms()));
  profile.compacted = in.compacted();
  if (!DecodeLedger(in, profile) || !DecodeSeen(in, profile) || !DecodeAffinities(in, profile) ||
      !DecodeTraits(in, profile) || !DecodeConsents(in, profile) || !DecodePositions(in, profile) ||
      !DecodeContacts(in, profile) || !DecodeDerived(in, profile)) {
    return absl::DataLossError("a stored profile contradicts itself");
  }
  return profile;
}

}  // namespace waymark::store
