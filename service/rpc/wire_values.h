#ifndef WAYMARK_SERVICE_RPC_WIRE_VALUES_H_
#define WAYMARK_SERVICE_RPC_WIRE_VALUES_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "segmentation/profile.h"
#include "waymark/v1/common.pb.h"

namespace waymark::rpc {

// The small values of the contract, one by one. In errors `field` names where they stand. Pure.

// Whether the text has the shape of a playbook's name: 1 to 64 of [a-z0-9_], beginning with a letter. Only such a name
// is repeated in an error.
bool IsName(absl::string_view text);

// `min` to `max` bytes of UTF-8.
absl::Status CheckText(absl::string_view field, absl::string_view text, size_t min, size_t max);

// Down to whole milliseconds. INVALID_ARGUMENT: not of the years 1 to 9999, or nanos out of range.
absl::StatusOr<absl::Time> TimeFromWire(absl::string_view field, const google::protobuf::Timestamp& wire);
// Times that a Timestamp cannot hold become the nearest that it can.
void TimeToWire(absl::Time time, google::protobuf::Timestamp& wire);

// At most 256 bytes a string, 64 strings a list; finite.
absl::StatusOr<segmentation::TraitValue> ValueFromWire(absl::string_view field, const v1::Value& wire);
void ValueToWire(const segmentation::TraitValue& value, v1::Value& wire);

// The keys of a map field, ascending: a map's own order differs from run to run.
template <typename Map>
std::vector<std::string> SortedKeys(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

// A path of a map's entry: `profile.traits["age"]`; without a key that is no name.
std::string EntryField(absl::string_view map, absl::string_view key);

// A revision as an etag: 16 hexadecimal digits. FromWire: ABORTED for anything else, since it cannot be the current
// one.
std::string EtagOf(uint64_t revision);
absl::StatusOr<uint64_t> RevisionOf(absl::string_view etag);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_WIRE_VALUES_H_
