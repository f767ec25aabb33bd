#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using base::FieldError;
using ConsentChange = engine::UpdateProfileRequest::ConsentChange;
using Traits = google::protobuf::Map<std::string, v1::Value>;
using Consents = google::protobuf::Map<std::string, v1::Consent>;

constexpr size_t kMaxTraits = 128;
constexpr size_t kMaxConsents = 64;
constexpr int kMaxPaths = 256;

// Adds the change of one trait: to the value that the profile has, or to none.
absl::Status ChangeTrait(const Traits& traits, const std::string& name, engine::UpdateProfileRequest& request) {
  const std::string field = EntryField("profile.traits", name);
  if (!IsName(name)) return FieldError(field, "a name is 1 to 64 of a-z, 0-9 and _, beginning with a letter");
  auto it = traits.find(name);
  absl::optional<segmentation::TraitValue> change;
  if (it != traits.end()) {
    absl::StatusOr<segmentation::TraitValue> value = ValueFromWire(field, it->second);
    if (!value.ok()) return value.status();
    change = *std::move(value);
  }
  request.traits.emplace_back(name, std::move(change));
  return absl::OkStatus();
}

absl::Status ChangeConsent(const Consents& consents, const std::string& name, engine::UpdateProfileRequest& request) {
  const std::string field = EntryField("profile.consents", name);
  if (!IsName(name)) return FieldError(field, "a name is 1 to 64 of a-z, 0-9 and _, beginning with a letter");
  auto it = consents.find(name);
  absl::optional<ConsentChange> change;
  if (it != consents.end()) {
    change = ConsentChange{.granted = it->second.granted()};
    if (it->second.has_time()) {
      absl::StatusOr<absl::Time> time = TimeFromWire(absl::StrCat(field, ".time"), it->second.time());
      if (!time.ok()) return time.status();
      change->at = *time;
    }
  }
  request.consents.emplace_back(name, change);
  return absl::OkStatus();
}

absl::Status ChangeAllTraits(const Traits& traits, engine::UpdateProfileRequest& request) {
  for (const std::string& name : SortedKeys(traits)) WAYMARK_RETURN_IF_ERROR(ChangeTrait(traits, name, request));
  return absl::OkStatus();
}

absl::Status ChangeAllConsents(const Consents& consents, engine::UpdateProfileRequest& request) {
  for (const std::string& name : SortedKeys(consents)) WAYMARK_RETURN_IF_ERROR(ChangeConsent(consents, name, request));
  return absl::OkStatus();
}

// Single entries first; then the whole maps, which cover entries that are named too.
absl::Status ApplyMask(const v1::UpdateProfileRequest& wire, engine::UpdateProfileRequest& request) {
  const auto& paths = wire.update_mask().paths();
  if (paths.size() > kMaxPaths) return FieldError("update_mask", absl::StrCat("at most ", kMaxPaths, " paths"));
  request.replace_traits = std::count(paths.begin(), paths.end(), "traits") > 0;
  request.replace_consents = std::count(paths.begin(), paths.end(), "consents") > 0;
  for (const std::string& path : paths) {
    absl::string_view rest = path;
    if (rest == "traits" || rest == "consents") continue;
    if (absl::ConsumePrefix(&rest, "traits.")) {
      if (!request.replace_traits) {
        WAYMARK_RETURN_IF_ERROR(ChangeTrait(wire.profile().traits(), std::string(rest), request));
      }
    } else if (absl::ConsumePrefix(&rest, "consents.")) {
      if (!request.replace_consents) {
        WAYMARK_RETURN_IF_ERROR(ChangeConsent(wire.profile().consents(), std::string(rest), request));
      }
    } else {
      return FieldError("update_mask", "a path is \"traits\", \"traits.NAME\", \"consents\" or \"consents.PURPOSE\"");
    }
  }
  if (request.replace_traits) WAYMARK_RETURN_IF_ERROR(ChangeAllTraits(wire.profile().traits(), request));
  if (request.replace_consents) WAYMARK_RETURN_IF_ERROR(ChangeAllConsents(wire.profile().consents(), request));
  return absl::OkStatus();
}

// Ascending, so that the same request is always the same change; a name that a mask repeats counts once.
template <typename Changes>
void SortByName(Changes& changes) {
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  changes.erase(
      std::unique(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
      changes.end());
}

}  // namespace

absl::StatusOr<engine::UpdateProfileRequest> FromWire(const v1::UpdateProfileRequest& wire) {
  engine::UpdateProfileRequest request;
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  if (!wire.has_profile()) return FieldError("profile", "must be set");
  WAYMARK_RETURN_IF_ERROR(CheckCustomerId("profile.customer", wire.profile().customer()));
  if (wire.profile().traits_size() > static_cast<int>(kMaxTraits)) {
    return FieldError("profile.traits", absl::StrCat("at most ", kMaxTraits, " traits"));
  }
  if (wire.profile().consents_size() > static_cast<int>(kMaxConsents)) {
    return FieldError("profile.consents", absl::StrCat("at most ", kMaxConsents, " consents"));
  }
  if (!wire.profile().etag().empty()) {
    absl::StatusOr<uint64_t> revision = RevisionOf(wire.profile().etag());
    if (!revision.ok()) return revision.status();
    request.expected_revision = *revision;
  }
  if (wire.update_mask().paths().empty()) {
    WAYMARK_RETURN_IF_ERROR(ChangeAllTraits(wire.profile().traits(), request));
    WAYMARK_RETURN_IF_ERROR(ChangeAllConsents(wire.profile().consents(), request));
  } else {
    WAYMARK_RETURN_IF_ERROR(ApplyMask(wire, request));
  }
  SortByName(request.traits);
  SortByName(request.consents);
  request.tenant = wire.tenant();
  request.customer = wire.profile().customer();
  return request;
}

}  // namespace waymark::rpc
