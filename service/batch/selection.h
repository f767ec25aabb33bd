#ifndef WAYMARK_SERVICE_BATCH_SELECTION_H_
#define WAYMARK_SERVICE_BATCH_SELECTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "service/playbook/playbook.h"

namespace waymark::batch {

// Customers by what they are now. Those of both; empty ones leave nobody out.
struct Selection {
  std::string segment;
  std::string persona;
};

// Says who is in a selection. Immutable; borrows the playbook.
class Selector {
 public:
  // NOT_FOUND: the playbook has no such segment, or its population no such persona.
  static absl::StatusOr<Selector> Of(const Selection& selection, const playbook::Playbook& playbook);

  // `in_segment` as engine::Deriver gives it for this profile.
  bool Takes(const segmentation::Profile& profile, absl::Span<const int8_t> in_segment, absl::Time now) const;

 private:
  Selector(const playbook::Playbook& playbook, int segment, std::string persona);

  const playbook::Playbook* playbook_;
  int segment_;
  std::string persona_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_SELECTION_H_
