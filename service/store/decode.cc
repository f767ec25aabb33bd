#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/store/codec.h"
#include "service/store/columns.h"
#include "service/store/profile_columns.h"
#include "service/store/store.h"
#include "service/store/trail_codec.h"
#include "waymark/storage/v1/profile.pb.h"

namespace waymark::store {
namespace {

using Fields = storage::v1::Profile;
using segmentation::NameId;

// Each Decode... says whether the columns fit together, and leaves the profile in any state where they do not. What a
// profile held before is overwritten in its place, so that its lists keep their memory.

// As names of the profile; false where they do not ascend.
template <typename Take>
bool TakeAscending(const PackedFixed<uint32_t>& ids, Take take) {
  if (!ids.whole()) return false;
  uint32_t before = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const uint32_t id = ids[i];
    if ((i > 0 && before >= id) || !take(i, NameId{id})) return false;
    before = id;
  }
  return true;
}

// The value as a T: what it was where it was one, so that its memory is used again.
template <typename T>
T& As(segmentation::TraitValue& value) {
  T* is = absl::get_if<T>(&value);
  return is != nullptr ? *is : value.emplace<T>();
}

// Takes the traits' values from the columns of their kinds, in order.
class TraitDecoder {
 public:
  explicit TraitDecoder(const ProfileColumns& in)
      : ints_(in.varints(Fields::kTraitIntsFieldNumber)),
        lengths_(in.varints(Fields::kTraitLengthsFieldNumber)),
        doubles_(in.fixed64(Fields::kTraitDoublesFieldNumber)),
        text_(in.bytes(Fields::kTraitTextFieldNumber)) {}

  bool Next(uint64_t kind, segmentation::TraitValue& value) {
    switch (kind) {
      case storage::v1::TRAIT_KIND_BOOL: {
        const int64_t number = ints_.TakeSigned();
        value = number == 1;
        return number == 0 || number == 1;
      }
      case storage::v1::TRAIT_KIND_INT:
        value = ints_.TakeSigned();
        return true;
      case storage::v1::TRAIT_KIND_TIME:
        value = TimeOf(ints_.TakeSigned());
        return true;
      case storage::v1::TRAIT_KIND_DOUBLE:
        return Double(As<double>(value));
      case storage::v1::TRAIT_KIND_STRING:
        return Text(As<std::string>(value));
      case storage::v1::TRAIT_KIND_STRING_LIST:
        return List(As<std::vector<std::string>>(value));
      default:
        return false;
    }
  }

  // Whether everything was taken, and nothing else.
  bool AtEnd() const {
    return ints_.AtEnd() && lengths_.AtEnd() && doubles_.whole() && double_ == doubles_.size() && text_.empty();
  }

 private:
  bool Double(double& number) {
    if (double_ == doubles_.size()) return false;
    const uint64_t bits = doubles_[double_++];
    std::memcpy(&number, &bits, sizeof(number));
    return true;
  }

  bool Text(std::string& text) {
    const uint32_t length = lengths_.TakeUint32();
    if (length > text_.size()) return false;
    text.assign(text_.data(), length);
    text_.remove_prefix(length);
    return true;
  }

  bool List(std::vector<std::string>& list) {
    const int64_t size = ints_.TakeSigned();
    if (size < 0 || static_cast<uint64_t>(size) > lengths_.most()) return false;
    list.resize(static_cast<size_t>(size));
    for (std::string& text : list) {
      if (!Text(text)) return false;
    }
    return true;
  }

  PackedVarints ints_;
  PackedVarints lengths_;
  PackedFixed<uint64_t> doubles_;
  size_t double_ = 0;  // the next
  absl::string_view text_;
};

bool DecodeTraits(const ProfileColumns& in, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> names = in.fixed32(Fields::kTraitNamesFieldNumber);
  PackedVarints kinds = in.varints(Fields::kTraitKindsFieldNumber);
  TraitDecoder decoder(in);
  profile.traits.resize(names.size());
  const auto take = [&](size_t i, NameId name) {
    profile.traits[i].name = name;
    return decoder.Next(kinds.Take(), profile.traits[i].value);
  };
  return TakeAscending(names, take) && kinds.AtEnd() && decoder.AtEnd();
}

bool DecodeConsents(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> purposes = in.fixed32(Fields::kConsentPurposesFieldNumber);
  PackedVarints granted = in.varints(Fields::kConsentGrantedFieldNumber);
  PackedVarints times = in.varints(Fields::kConsentTimesFieldNumber);
  profile.consents.resize(purposes.size());
  const auto take = [&](size_t i, NameId purpose) {
    profile.consents[i] = {purpose, granted.Take() != 0, TimeOf(Plus(created_ms, times.TakeSigned()))};
    return true;
  };
  return TakeAscending(purposes, take) && granted.AtEnd() && times.AtEnd();
}

// Takes the buckets of the ledger's series, in order.
class BucketDecoder {
 public:
  explicit BucketDecoder(const ProfileColumns& in)
      : steps_(in.varints(Fields::kBucketStepsFieldNumber)),
        values_(in.varints(Fields::kBucketValuesFieldNumber)),
        counts_(in.varints(Fields::kBucketCountsFieldNumber)),
        multiples_(in.varints(Fields::kBucketMultiplesFieldNumber)),
        multiple_counts_(in.varints(Fields::kBucketMultipleCountsFieldNumber)),
        counted_(counts_.most() > 0),
        unit_(static_cast<uint32_t>(in.number(Fields::kValueUnitFieldNumber))) {
    if (multiples_.most() > 0) next_multiple_ = multiples_.TakeUint32();
  }

  bool Next(uint32_t size, int32_t last, std::vector<segmentation::Bucket>& buckets) {
    if (size > steps_.most()) return false;
    buckets.resize(size);
    int32_t before = last;
    for (segmentation::Bucket& bucket : buckets) {
      bucket.index = Plus(before, steps_.TakeSigned32());
      bucket.count = counted_ ? counts_.TakeUint32() : TakeCount();
      if (!Value(values_.TakeSigned(), bucket.value_micros)) return false;
      if (&bucket != buckets.data() && bucket.index <= before) return false;
      before = bucket.index;
    }
    return true;
  }

  bool Value(int64_t units, int64_t& micros) const { return !__builtin_mul_overflow(units, unit_, &micros); }

  bool AtEnd() const {
    return steps_.AtEnd() && values_.AtEnd() && counts_.AtEnd() && multiples_.AtEnd() && multiple_counts_.AtEnd() &&
           next_multiple_ == kNoMultiple;
  }

 private:
  static constexpr uint64_t kNoMultiple = ~uint64_t{0};

  uint32_t TakeCount() {
    if (at_++ != next_multiple_) return 1;
    next_multiple_ = multiples_.most() > 0 ? next_multiple_ + multiples_.TakeUint32() : kNoMultiple;
    return multiple_counts_.TakeUint32();
  }

  PackedVarints steps_;
  PackedVarints values_;
  PackedVarints counts_;
  PackedVarints multiples_;
  PackedVarints multiple_counts_;
  const bool counted_;  // each has its count
  const int64_t unit_;
  uint64_t at_ = 0;                       // how many buckets were taken
  uint64_t next_multiple_ = kNoMultiple;  // the place of the next
};

bool DecodeSeries(const ProfileColumns& in, int64_t created_ms, std::vector<segmentation::Series>& all) {
  const PackedFixed<uint32_t> events = in.fixed32(Fields::kSeriesEventsFieldNumber);
  PackedVarints counts = in.varints(Fields::kSeriesCountsFieldNumber);
  PackedVarints values = in.varints(Fields::kSeriesValuesFieldNumber);
  PackedVarints firsts = in.varints(Fields::kSeriesFirstsFieldNumber);
  PackedVarints lasts = in.varints(Fields::kSeriesLastsFieldNumber);
  PackedVarints hours = in.varints(Fields::kSeriesHoursFieldNumber);
  PackedVarints days = in.varints(Fields::kSeriesDaysFieldNumber);
  const bool has_hours = hours.most() > 0;
  const auto stored_unit = static_cast<uint32_t>(in.number(Fields::kTimeUnitFieldNumber));
  const int64_t time_unit = stored_unit == 0 ? 1 : stored_unit;
  const int64_t created_units = created_ms / time_unit;
  BucketDecoder buckets(in);
  all.resize(events.size());
  const auto take = [&](size_t i, NameId event) {
    segmentation::Series& series = all[i];
    const int64_t first_units = Plus(created_units, firsts.TakeSigned());
    int64_t first = 0;
    int64_t last = 0;
    if (__builtin_mul_overflow(first_units, time_unit, &first) ||
        __builtin_mul_overflow(Plus(first_units, lasts.TakeSigned()), time_unit, &last)) {
      return false;
    }
    series.event = event;
    series.count = counts.Take();
    series.first = TimeOf(first);
    series.last = TimeOf(last);
    return buckets.Value(values.TakeSigned(), series.value_micros) &&
           buckets.Next(has_hours ? hours.TakeUint32() : 0, BucketOf(last, kMillisPerHour), series.hours) &&
           buckets.Next(days.TakeUint32(), BucketOf(last, kMillisPerDay), series.days);
  };
  return TakeAscending(events, take) && counts.AtEnd() && values.AtEnd() && firsts.AtEnd() && lasts.AtEnd() &&
         hours.AtEnd() && days.AtEnd() && buckets.AtEnd();
}

bool DecodeLedger(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  if (static_cast<uint32_t>(in.number(Fields::kValueUnitFieldNumber)) == 0 &&
      !in.fixed32(Fields::kSeriesEventsFieldNumber).empty()) {
    return false;
  }
  std::vector<segmentation::Series> series = profile.ledger.take_series();
  const bool fits = DecodeSeries(in, created_ms, series);
  profile.ledger.set_series(std::move(series));
  return fits;
}

bool DecodeAffinities(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> names = in.fixed32(Fields::kAffinityNamesFieldNumber);
  PackedVarints weights = in.varints(Fields::kAffinityWeightsFieldNumber);
  profile.affinities.resize(names.size());
  const auto take = [&](size_t i, NameId name) {
    const int64_t weight = Plus(weights.TakeSigned(), created_ms / kMillisPerAffinityStep);
    if (weight < -kMaxAffinityWeight || weight > kMaxAffinityWeight) return false;
    profile.affinities[i] = {name, static_cast<double>(weight) / segmentation::Affinity::kStepsPerHalfLife};
    return true;
  };
  return TakeAscending(names, take) && weights.AtEnd();
}

bool DecodePositions(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> journeys = in.fixed32(Fields::kPositionJourneysFieldNumber);
  PackedVarints histories = in.varints(Fields::kPositionHistoryFieldNumber);
  const PackedFixed<uint32_t> stages = in.fixed32(Fields::kStageNamesFieldNumber);
  PackedVarints times = in.varints(Fields::kStageSinceFieldNumber);
  PackedVarints as_of = in.varints(Fields::kPositionsAsOfFieldNumber);
  profile.positions_as_of.reset();
  if (as_of.most() > 0) profile.positions_as_of = TimeOf(Plus(created_ms, as_of.TakeSigned()));
  // Absent where nobody forgot anything.
  PackedVarints forgotten_sizes = in.varints(Fields::kPositionForgottenFieldNumber);
  const bool forgets = forgotten_sizes.most() > 0;
  const PackedFixed<uint32_t> forgotten_stages = in.fixed32(Fields::kForgottenStagesFieldNumber);
  PackedVarints forgotten_counts = in.varints(Fields::kForgottenCountsFieldNumber);
  size_t forgotten_at = 0;
  size_t at = 0;
  int64_t since = created_ms;
  const auto next = [&] {
    since = Plus(since, times.TakeSigned());
    return segmentation::StageEntry{NameId{stages[at++]}, TimeOf(since)};
  };
  profile.positions.resize(journeys.size());
  const auto take = [&](size_t i, NameId journey) {
    segmentation::JourneyPosition& position = profile.positions[i];
    const uint32_t history = histories.TakeUint32();
    if (history >= stages.size() - at) return false;  // the current one comes after them
    position.journey = journey;
    position.history.resize(history);
    for (segmentation::StageEntry& entry : position.history) entry = next();
    position.current = next();
    const uint32_t forgotten = forgets ? forgotten_sizes.TakeUint32() : 0;
    if (forgotten > forgotten_stages.size() - forgotten_at) return false;
    position.forgotten.resize(forgotten);
    for (segmentation::ForgottenVisits& each : position.forgotten) {
      each = {NameId{forgotten_stages[forgotten_at++]}, forgotten_counts.TakeUint32()};
    }
    return true;
  };
  return as_of.AtEnd() && TakeAscending(journeys, take) && histories.AtEnd() && stages.whole() && at == stages.size() &&
         times.AtEnd() && forgotten_sizes.AtEnd() && forgotten_stages.whole() &&
         forgotten_at == forgotten_stages.size() && forgotten_counts.AtEnd();
}

bool DecodeScores(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> types = in.fixed32(Fields::kScoreTypesFieldNumber);
  PackedVarints values = in.varints(Fields::kScoreValuesFieldNumber);
  PackedVarints times = in.varints(Fields::kScoreTimesFieldNumber);
  int64_t at = created_ms;
  profile.scores.resize(types.size());
  const auto take = [&](size_t i, NameId type) {
    at = Plus(at, times.TakeSigned());
    profile.scores[i] = {type, TimeOf(at), values.TakeSigned()};
    return true;
  };
  return TakeAscending(types, take) && values.AtEnd() && times.AtEnd();
}

bool DecodeContacts(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> names = in.fixed32(Fields::kContactNamesFieldNumber);
  PackedVarints actions = in.varints(Fields::kContactActionsFieldNumber);
  PackedVarints channels = in.varints(Fields::kContactChannelsFieldNumber);
  PackedVarints times = in.varints(Fields::kContactTimesFieldNumber);
  const PackedFixed<uint64_t> decisions = in.fixed64(Fields::kContactDecisionsFieldNumber);
  int64_t at = created_ms;
  profile.contacts.resize(decisions.size());
  for (size_t i = 0; i < decisions.size(); ++i) {
    const uint32_t action = actions.TakeUint32();
    const uint32_t channel = channels.TakeUint32();
    if (action >= names.size() || channel >= names.size()) return false;
    at = Plus(at, times.TakeSigned());
    profile.contacts[i] = {NameId{names[action]}, NameId{names[channel]}, TimeOf(at), decisions[i]};
  }
  return names.whole() && decisions.whole() && actions.AtEnd() && channels.AtEnd() && times.AtEnd();
}

bool DecodeOutcomes(const ProfileColumns& in, int64_t created_ms, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> names = in.fixed32(Fields::kOutcomeNamesFieldNumber);
  PackedVarints actions = in.varints(Fields::kOutcomeActionsFieldNumber);
  PackedVarints types = in.varints(Fields::kOutcomeTypesFieldNumber);
  PackedVarints times = in.varints(Fields::kOutcomeTimesFieldNumber);
  int64_t at = created_ms;
  profile.outcomes.clear();
  while (times.most() > 0) {
    const uint32_t action = actions.TakeUint32();
    const uint32_t type = types.TakeUint32();
    if (action >= names.size() || type >= names.size()) return false;
    at = Plus(at, times.TakeSigned());
    profile.outcomes.push_back({NameId{names[action]}, NameId{names[type]}, TimeOf(at)});
  }
  return names.whole() && actions.AtEnd() && types.AtEnd() && times.AtEnd();
}

uint64_t Fingerprint(const char* bytes) {
  static_assert(kFingerprintBytes == sizeof(uint32_t) + sizeof(uint16_t));
  return LittleEndian<uint32_t>(bytes) | uint64_t{LittleEndian<uint16_t>(bytes + sizeof(uint32_t))} << 32;
}

bool DecodeSeen(const ProfileColumns& in, segmentation::Profile& profile) {
  const absl::string_view fingerprints = in.bytes(Fields::kSeenFingerprintsFieldNumber);
  PackedVarints steps = in.varints(Fields::kSeenDayStepsFieldNumber);
  PackedVarints counts = in.varints(Fields::kSeenDayCountsFieldNumber);
  if (fingerprints.size() % kFingerprintBytes != 0) return false;
  const size_t size = fingerprints.size() / kFingerprintBytes;
  profile.seen.resize(size);
  int32_t day = 0;
  size_t at = 0;
  while (at < size) {
    day = Plus(day, steps.TakeSigned32());
    const size_t count = counts.TakeUint32();
    if (count == 0 || count > size - at) return false;
    for (const size_t end = at + count; at < end; ++at) {
      profile.seen[at] = {Fingerprint(fingerprints.data() + at * kFingerprintBytes), day};
    }
  }
  return steps.AtEnd() && counts.AtEnd();
}

bool DecodeDerived(const ProfileColumns& in, segmentation::Profile& profile) {
  const PackedFixed<uint32_t> segments = in.fixed32(Fields::kDerivedSegmentsFieldNumber);
  profile.derived.playbook_version = in.number(Fields::kDerivedVersionFieldNumber);
  profile.derived.segments.resize(segments.size());
  return TakeAscending(segments, [&](size_t i, NameId segment) {
    profile.derived.segments[i] = segment;
    return true;
  });
}

}  // namespace

absl::Status Decode(absl::string_view bytes, segmentation::Profile& profile) {
  ProfileColumns in;
  const ProfileColumns::Reading reading =
      bytes.size() > kMaxProfileBytes ? ProfileColumns::Reading::kDamaged : in.Read(bytes);
  if (reading == ProfileColumns::Reading::kDamaged) return absl::DataLossError("a stored profile cannot be read");
  if (reading == ProfileColumns::Reading::kUnknown || in.number(Fields::kFormatFieldNumber) != kProfileFormat) {
    return absl::DataLossError("a stored profile has a format that this version does not know");
  }
  const int64_t created_ms = in.signed_number(Fields::kCreatedMsFieldNumber);
  profile.created = TimeOf(created_ms);
  profile.updated = TimeOf(Plus(created_ms, in.signed_number(Fields::kUpdatedMsFieldNumber)));
  profile.compacted = in.number(Fields::kCompactedFieldNumber);
  if (!DecodeLedger(in, created_ms, profile) || !DecodeSeen(in, profile) ||
      !DecodeAffinities(in, created_ms, profile) || !DecodeTraits(in, profile) ||
      !DecodeConsents(in, created_ms, profile) || !DecodePositions(in, created_ms, profile) ||
      !DecodeContacts(in, created_ms, profile) || !DecodeOutcomes(in, created_ms, profile) ||
      !DecodeScores(in, created_ms, profile) ||
      !DecodeTrail(in.bytes(Fields::kTrailFieldNumber), created_ms, profile.trail) || !DecodeDerived(in, profile)) {
    return absl::DataLossError("a stored profile contradicts itself");
  }
  return absl::OkStatus();
}

absl::StatusOr<segmentation::Profile> Decode(absl::string_view bytes) {
  segmentation::Profile profile;
  absl::Status status = Decode(bytes, profile);
  if (!status.ok()) return status;
  return profile;
}

}  // namespace waymark::store
