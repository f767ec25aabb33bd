#ifndef WAYMARK_SERVICE_BATCH_WALK_H_
#define WAYMARK_SERVICE_BATCH_WALK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/batch/pending.h"
#include "service/store/store.h"

namespace waymark::batch {

// Names that a page of a walk asks the store for. Larger pages hardly cost less a profile, and the store serves others
// between two of them.
inline constexpr int kPageSize = 2'000;

// How far a walk is.
struct WalkProgress {
  int64_t profiles = 0;  // looked at, the damaged included
  int64_t damaged = 0;   // of these, how many could not be decoded
  int64_t estimated_total = 0;
};

// Looks at every profile of a tenant, on the caller's thread, which may block: `look(customer, stored)` for each, and
// `after_page` after each page. While a page is looked at, the profiles of the next one and the names of the one after
// are read. A profile that is there from the beginning to the end is seen; one may be seen twice where the store shows
// it twice (see ProfileStore::Scan).
//
// Memory: two pages of profiles as they are at rest (about 2 MB at 500 bytes a profile), the names of a third, and one
// decoded profile.
//
// The status of `cancellation` once it is cancelled; else what `after_page` says, where that is not OK; UNAVAILABLE
// where the store went away or does not answer.
absl::Status Walk(store::ProfileStore& profiles, absl::string_view tenant,
                  const std::shared_ptr<Cancellation>& cancellation,
                  absl::FunctionRef<void(const std::string& customer, const store::StoredProfile& stored)> look,
                  absl::FunctionRef<absl::Status(const WalkProgress&)> after_page);

// The names of a page, and its profiles, which may still be on their way.
struct PageOnItsWay {
  std::vector<std::string> customers;
  Pending<store::StoredProfiles> profiles;
};

// Begins to read. `customers` of the tenant.
Pending<store::ProfileStore::Page> BeginScan(store::ProfileStore& profiles, const std::string& tenant,
                                             const std::string& cursor, const std::string& until,
                                             const std::shared_ptr<Cancellation>& cancellation);
PageOnItsWay BeginLoad(store::ProfileStore& profiles, const std::string& tenant, std::vector<std::string> customers,
                       const std::shared_ptr<Cancellation>& cancellation);

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_WALK_H_
