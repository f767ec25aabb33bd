// Bytes at rest, of every kind that is read back: they are DATA_LOSS, or a value whose encoding gives the same value.
// The first byte chooses the kind.

#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "segmentation/profile.h"
#include "segmentation/stable_hash.h"
#include "service/store/batch_records.h"
#include "service/store/budget_account.h"
#include "service/store/changes.h"
#include "service/store/codec.h"
#include "service/store/decision_records.h"
#include "service/store/playbook_records.h"
#include "service/store/population_records.h"
#include "service/store/sealed.h"
#include "tests/fuzz/require.h"

namespace waymark::store {
namespace {

using fuzz::Require;

// As values may hold a NaN, which equals nothing, it is their encodings that are compared.
template <typename T, typename Encode>
void RequireRoundTrip(const absl::StatusOr<T>& decoded, Encode encode, absl::StatusOr<T> (*decode)(absl::string_view),
                      const std::string& bytes) {
  if (!decoded.ok()) {
    Require(absl::IsDataLoss(decoded.status()), "what cannot be decoded is DATA_LOSS", bytes);
    return;
  }
  const std::string encoded = encode(*decoded);
  const absl::StatusOr<T> again = decode(encoded);
  Require(again.ok(), "what was encoded can be decoded", bytes);
  Require(encode(*again) == encoded, "it is the same value", bytes);
}

template <typename T>
void RequireRoundTrip(std::string (*encode)(const T&), absl::StatusOr<T> (*decode)(absl::string_view),
                      const std::string& bytes) {
  RequireRoundTrip(decode(bytes), encode, decode, bytes);
}

std::string EncodeWhole(const segmentation::Profile& profile) { return Encode(profile); }
absl::StatusOr<segmentation::Profile> DecodeWhole(absl::string_view bytes) { return Decode(bytes); }
std::string EncodeVersion(const uint64_t& version) { return EncodePopulationHead(version); }

void LookAtProfile(const std::string& bytes) {
  const absl::StatusOr<segmentation::Profile> profile = Decode(bytes);
  RequireRoundTrip<segmentation::Profile>(profile, EncodeWhole, DecodeWhole, bytes);
  // In the place of another, whose lists are not empty.
  static segmentation::Profile& reused = *new segmentation::Profile;
  const absl::Status status = Decode(bytes, reused);
  Require(status.code() == profile.status().code(), "decoding in place ends alike", bytes);
  if (!status.ok()) return;
  Require(EncodeWhole(reused) == EncodeWhole(*profile), "decoding in place gives the same", bytes);
  const absl::StatusOr<std::string> sealed = SealProfile(7, *profile);
  if (sealed.ok()) Require(UnsealProfile(*sealed).ok(), "what was sealed can be unsealed", bytes);
}

void LookAtSealed(const std::string& bytes) {
  const absl::StatusOr<Sealed> sealed = Unseal(bytes);
  if (sealed.ok()) Require(Seal(sealed->revision, sealed->body) == bytes, "a sealed value is what Seal gives", bytes);
  const absl::StatusOr<StoredProfile> stored = UnsealProfile(bytes);
  Require(stored.ok() || absl::IsDataLoss(stored.status()), "what cannot be unsealed is DATA_LOSS", bytes);
}

// With the checksum that these bytes would have.
void LookAtLogRecord(const std::string& bytes) {
  RequireRoundTrip(EncodeLogRecord, DecodeLogRecord, bytes);
  uint64_t hash = segmentation::StableHash(bytes);
  std::string whole;
  for (int i = 0; i < 4; ++i, hash >>= 8) whole.push_back(static_cast<char>(hash));
  whole += bytes;
  RequireRoundTrip(EncodeLogRecord, DecodeLogRecord, whole);
}

void LookAtChange(const std::string& bytes) {
  const NumberedChange found[] = {{41, "not looked at"}, {42, bytes}};
  const absl::StatusOr<PartOfChanges> part = ChangesAfter({.number = 41}, found, 10);
  Require(part.ok() || absl::IsDataLoss(part.status()) || absl::IsOutOfRange(part.status()),
          "a change is damaged, or read", bytes);
  if (part.ok()) Require(part->changes.size() == part->cursors.size(), "each change has a cursor", bytes);
}

void LookAtCursor(const std::string& bytes) {
  for (const size_t parts : {size_t{1}, size_t{3}, size_t{256}}) {
    const absl::StatusOr<FeedCursor> cursor = ParseFeedCursor(bytes, parts);
    if (!cursor.ok()) continue;
    Require(cursor->size() == parts, "a cursor has a place in each part", bytes);
    const absl::StatusOr<FeedCursor> again = ParseFeedCursor(FormatFeedCursor(*cursor), parts);
    Require(again.ok() && *again == *cursor, "a cursor's text is the same cursor", bytes);
  }
}

using Look = void (*)(const std::string&);
constexpr Look kKinds[] = {
    LookAtProfile,
    LookAtSealed,
    [](const std::string& bytes) { RequireRoundTrip(EncodeRun, DecodeRun, bytes); },
    LookAtLogRecord,
    [](const std::string& bytes) { RequireRoundTrip(EncodePlaybookHead, DecodePlaybookHead, bytes); },
    [](const std::string& bytes) { RequireRoundTrip(EncodeVersion, DecodePopulationHead, bytes); },
    [](const std::string& bytes) { RequireRoundTrip(EncodePopulation, DecodePopulation, bytes); },
    [](const std::string& bytes) { RequireRoundTrip(EncodeBudgetAccount, DecodeBudgetAccount, bytes); },
    [](const std::string& bytes) { RequireRoundTrip(EncodeDecisionHolds, DecodeDecisionHolds, bytes); },
    LookAtChange,
    LookAtCursor,
};

}  // namespace

// libprotobuf would write a line for each text that is no UTF-8.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  kKinds[data[0] % std::size(kKinds)](std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  return 0;
}

}  // namespace waymark::store
