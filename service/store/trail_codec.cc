#include "service/store/trail_codec.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "service/store/columns.h"
#include "service/store/profile_columns.h"
#include "waymark/storage/v1/profile.pb.h"

namespace waymark::store {
namespace {

using Columns = storage::v1::Trail;
using segmentation::NameId;
using segmentation::Touch;
using segmentation::Trail;

// ---- encode
// ----------------------------------------------------------------------------------------------------------

// The largest of the units that divides `of` each touch.
template <size_t n, typename Number>
uint32_t Unit(const std::vector<Touch>& touches, const std::array<uint32_t, n>& units, Number of) {
  for (uint32_t unit : units) {
    if (std::all_of(touches.begin(), touches.end(), [&](const Touch& touch) { return of(touch) % unit == 0; })) {
      return unit;
    }
  }
  return 1;
}

// The index of a name in a list that has each once, adding it where it is new; a trail mentions few.
uint32_t IndexOf(NameId name, Columns& out) {
  const auto id = static_cast<uint32_t>(name);
  const auto& names = out.names();
  const auto index = static_cast<uint32_t>(std::find(names.begin(), names.end(), id) - names.begin());
  if (index == static_cast<uint32_t>(names.size())) out.add_names(id);
  return index;
}

// The index of the touch's kind, adding it where it is new.
uint32_t KindOf(const Touch& touch, std::vector<const Touch*>& kinds, Columns& out) {
  const auto same = [&touch](const Touch* kind) {
    return kind->type == touch.type && kind->touchpoint == touch.touchpoint && kind->action == touch.action;
  };
  const auto known = std::find_if(kinds.begin(), kinds.end(), same);
  if (known != kinds.end()) return static_cast<uint32_t>(known - kinds.begin());
  const auto index_after = [&out](NameId name) { return name == NameId{} ? 0 : IndexOf(name, out) + 1; };
  out.add_kinds(IndexOf(touch.type, out));
  out.add_kinds(index_after(touch.touchpoint));
  out.add_kinds(index_after(touch.action));
  kinds.push_back(&touch);
  return static_cast<uint32_t>(kinds.size() - 1);
}

void EncodeValues(const std::vector<Touch>& touches, Columns& out) {
  const auto with = std::count_if(touches.begin(), touches.end(), [](const Touch& t) { return t.value_micros != 0; });
  if (with == 0) return;
  const bool all = static_cast<size_t>(with) == touches.size();
  const uint32_t unit = Unit(touches, std::array<uint32_t, 3>{1'000'000, 10'000, 100},
                             [](const Touch& touch) { return touch.value_micros; });
  out.set_value_unit(unit);
  uint32_t before = 0;
  for (uint32_t i = 0; i < touches.size(); ++i) {
    if (touches[i].value_micros == 0) continue;
    if (!all) out.add_value_places(i - before);
    out.add_values(touches[i].value_micros / static_cast<int64_t>(unit));
    before = i;
  }
}

void EncodeTouches(const std::vector<Touch>& touches, int64_t created_ms, Columns& out) {
  if (touches.empty()) return;
  const int64_t unit =
      Unit(touches, std::array<uint32_t, 2>{60'000, 1'000}, [](const Touch& touch) { return MillisOf(touch.at); });
  out.set_time_unit(static_cast<uint32_t>(unit));
  int64_t before = created_ms / unit;
  std::vector<const Touch*> kinds;
  uint32_t sentiment_before = 0;
  for (uint32_t i = 0; i < touches.size(); ++i) {
    const Touch& touch = touches[i];
    const int64_t at = MillisOf(touch.at) / unit;
    out.add_times(Minus(at, before));
    before = at;
    out.add_touch_kinds(KindOf(touch, kinds, out));
    if (!touch.sentiment.has_value()) continue;
    out.add_sentiment_places(i - sentiment_before);
    out.add_sentiments(*touch.sentiment);
    sentiment_before = i;
  }
  if (kinds.size() == 1) out.clear_touch_kinds();
  EncodeValues(touches, out);
}

void EncodeTexts(const Trail& trail, int64_t created_ms, Columns& out) {
  for (const Trail::Name& name : trail.names) {
    out.add_name_touchpoints(static_cast<uint32_t>(name.touchpoint));
    out.add_text_lengths(static_cast<uint32_t>(name.text.size()));
    out.mutable_text()->append(name.text);
  }
  int64_t before = created_ms;
  for (const Trail::Comment& comment : trail.comments) {
    const int64_t at = MillisOf(comment.at);
    out.add_comment_times(Minus(at, before));
    before = at;
    out.add_comment_types(static_cast<uint32_t>(comment.type));
    out.add_text_lengths(static_cast<uint32_t>(comment.text.size()));
    out.mutable_text()->append(comment.text);
  }
}

// ---- decode
// ----------------------------------------------------------------------------------------------------------

bool IsUnit(uint64_t unit, uint64_t largest) { return unit > 0 && unit <= largest; }

// What the kinds say of touches that are of them.
bool DecodeKinds(const ProfileColumns& in, std::vector<Touch>& kinds) {
  const PackedFixed<uint32_t> names = in.fixed32(Columns::kNamesFieldNumber);
  PackedVarints numbers = in.varints(Columns::kKindsFieldNumber);
  kinds.clear();
  bool known = names.whole();
  const auto name_before = [&](uint32_t place) {
    if (place == 0) return NameId{};
    known = known && place <= names.size();
    return known ? NameId{names[place - 1]} : NameId{};
  };
  while (known && numbers.most() > 0) {
    const uint32_t type = numbers.TakeUint32();
    known = known && type < names.size();
    if (!known) return false;
    Touch kind{.type = NameId{names[type]}};
    kind.touchpoint = name_before(numbers.TakeUint32());
    kind.action = name_before(numbers.TakeUint32());
    kinds.push_back(kind);
  }
  return known && numbers.AtEnd();
}

// Calls `set` for the touch at each of the places, which are steps.
template <typename Set>
bool AtPlaces(PackedVarints& places, std::vector<Touch>& touches, Set set) {
  uint64_t at = 0;
  while (places.most() > 0) {
    at += places.TakeUint32();
    if (at >= touches.size()) return false;
    set(touches[at]);
  }
  return places.AtEnd();
}

bool DecodeValues(const ProfileColumns& in, std::vector<Touch>& touches) {
  PackedVarints values = in.varints(Columns::kValuesFieldNumber);
  if (values.most() == 0) return in.bytes(Columns::kValuePlacesFieldNumber).empty();
  const uint64_t unit = in.number(Columns::kValueUnitFieldNumber);
  if (!IsUnit(unit, 1'000'000)) return false;
  const auto take = [&](Touch& touch) {
    touch.value_micros =
        static_cast<int64_t>(static_cast<uint64_t>(values.TakeSigned()) * unit);  // as it was; damage may wrap around
  };
  PackedVarints places = in.varints(Columns::kValuePlacesFieldNumber);
  if (places.most() > 0) return AtPlaces(places, touches, take) && values.AtEnd();
  std::for_each(touches.begin(), touches.end(), take);
  return values.AtEnd();
}

bool DecodeTouches(const ProfileColumns& in, int64_t created_ms, std::vector<Touch>& touches) {
  PackedVarints times = in.varints(Columns::kTimesFieldNumber);
  PackedVarints touch_kinds = in.varints(Columns::kTouchKindsFieldNumber);
  thread_local std::vector<Touch> kinds;  // keeps its memory from call to call
  const uint64_t unit = in.number(Columns::kTimeUnitFieldNumber);
  touches.clear();
  if (!DecodeKinds(in, kinds)) return false;
  if (times.most() > 0 && (!IsUnit(unit, 60'000) || kinds.empty())) return false;
  const bool of_one_kind = touch_kinds.most() == 0;
  int64_t at = unit == 0 ? 0 : created_ms / static_cast<int64_t>(unit);
  while (times.most() > 0) {
    const uint32_t kind = of_one_kind ? 0 : touch_kinds.TakeUint32();
    if (kind >= kinds.size() || touches.size() > Trail::kMaxTouches) return false;
    const int64_t step = times.TakeSigned();
    if (step < 0 && !touches.empty()) return false;
    at = Plus(at, step);
    touches.push_back(kinds[kind]);
    touches.back().at = TimeOf(static_cast<int64_t>(static_cast<uint64_t>(at) * unit));
  }
  PackedVarints places = in.varints(Columns::kSentimentPlacesFieldNumber);
  PackedVarints sentiments = in.varints(Columns::kSentimentsFieldNumber);
  return times.AtEnd() && touch_kinds.AtEnd() && DecodeValues(in, touches) &&
         AtPlaces(places, touches, [&](Touch& touch) { touch.sentiment = sentiments.TakeSigned32(); }) &&
         sentiments.AtEnd();
}

bool DecodeTexts(const ProfileColumns& in, int64_t created_ms, Trail& trail) {
  const PackedFixed<uint32_t> touchpoints = in.fixed32(Columns::kNameTouchpointsFieldNumber);
  const PackedFixed<uint32_t> types = in.fixed32(Columns::kCommentTypesFieldNumber);
  PackedVarints times = in.varints(Columns::kCommentTimesFieldNumber);
  PackedVarints lengths = in.varints(Columns::kTextLengthsFieldNumber);
  absl::string_view text = in.bytes(Columns::kTextFieldNumber);
  bool fits = touchpoints.whole() && types.whole();
  const auto take_text = [&] {
    const uint32_t length = lengths.TakeUint32();
    fits = fits && length <= text.size();
    const absl::string_view taken = text.substr(0, fits ? length : 0);
    text.remove_prefix(taken.size());
    return std::string(taken);
  };
  trail.names.clear();
  for (size_t i = 0; fits && i < touchpoints.size(); ++i) {
    fits = i == 0 || touchpoints[i - 1] < touchpoints[i];
    trail.names.push_back({NameId{touchpoints[i]}, take_text()});
  }
  trail.comments.clear();
  int64_t at = created_ms;
  for (size_t i = 0; fits && i < types.size(); ++i) {
    at = Plus(at, times.TakeSigned());
    trail.comments.push_back({TimeOf(at), NameId{types[i]}, take_text()});
  }
  return fits && times.AtEnd() && lengths.AtEnd() && text.empty();
}

}  // namespace

void EncodeTrail(const Trail& trail, int64_t created_ms, std::string& out) {
  thread_local Columns columns;  // keeps its memory from call to call
  columns.Clear();
  EncodeTouches(trail.touches, created_ms, columns);
  if (trail.from != absl::InfinitePast()) columns.add_from(Minus(MillisOf(trail.from), created_ms));
  EncodeTexts(trail, created_ms, columns);
  columns.SerializeToString(&out);
}

bool DecodeTrail(absl::string_view bytes, int64_t created_ms, Trail& trail) {
  ProfileColumns in(ColumnsOf::kTrail);
  if (bytes.empty()) {
    trail.touches.clear();
    trail.from = absl::InfinitePast();
    trail.names.clear();
    trail.comments.clear();
    return true;
  }
  if (in.Read(bytes) != ProfileColumns::Reading::kRead) return false;
  PackedVarints from = in.varints(Columns::kFromFieldNumber);
  trail.from = from.most() == 0 ? absl::InfinitePast() : TimeOf(Plus(created_ms, from.TakeSigned()));
  return from.AtEnd() && DecodeTouches(in, created_ms, trail.touches) && DecodeTexts(in, created_ms, trail);
}

}  // namespace waymark::store
