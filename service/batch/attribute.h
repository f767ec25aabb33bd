#ifndef WAYMARK_SERVICE_BATCH_ATTRIBUTE_H_
#define WAYMARK_SERVICE_BATCH_ATTRIBUTE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/batch/environment.h"
#include "service/batch/pending.h"
#include "service/batch/walk.h"
#include "service/journey/attribution.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {

enum class AttributionBy : uint8_t { kTouchpoint, kChannel, kAction };

struct AttributionRequest {
  std::string tenant;
  AttributionBy by = AttributionBy::kTouchpoint;
  // An event type. Empty: the playbook's purchase.
  std::string conversion;
  // Paths that end within [from, until).
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  // Of customers who are in this segment, and whose persona is this one, now. Empty: of everyone.
  std::string segment;
  std::string persona;
  absl::Duration look_back = absl::Hours(24) * 30;
  absl::Duration half_life = absl::Hours(24) * 7;
  int markov_order = 1;
};

struct AttributionAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;
  absl::Time as_of;
  journey::Attribution attribution;
  // Of its players, as far as they are known.
  absl::flat_hash_map<segmentation::NameId, std::string> names;
};

// Looks at everyone once, and shares out conversions among what came before. On the caller's thread, which may block: a
// walk, then a second or so of arithmetic that is not cancelled. Memory: a walk's and AttributionCounts'.
//
// Touchpoints count as events name them. By channel a touch counts as the part of the touchpoint before '/'. By action
// outcomes count, as the action of their token. What no name is kept of is "(unknown)".
//
// Errors: FAILED_PRECONDITION no playbook; NOT_FOUND no such event type, segment or persona; CANCELLED; UNAVAILABLE.
absl::StatusOr<AttributionAnswer> AttributeConversions(const Environment& environment,
                                                       const AttributionRequest& request,
                                                       const std::shared_ptr<Cancellation>& cancellation,
                                                       absl::FunctionRef<void(const WalkProgress&)> progress);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_ATTRIBUTE_H_
