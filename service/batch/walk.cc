#include "service/batch/walk.h"

#include <utility>
#include <vector>

#include "service/base/status_macros.h"

namespace waymark::batch {
namespace {

using store::ProfileStore;
using store::StoredProfile;
using store::StoredProfiles;

// How often it is seen, within a page, whether the walk was cancelled.
constexpr size_t kProfilesBetweenChecks = 256;

}  // namespace

Pending<ProfileStore::Page> BeginScan(ProfileStore& profiles, const std::string& tenant, const std::string& cursor,
                                      const std::string& until, const std::shared_ptr<Cancellation>& cancellation) {
  return {cancellation, [&](absl::Time deadline, ProfileStore::ScanDone done) {
            profiles.Scan(tenant, cursor, until, kPageSize, deadline, std::move(done));
          }};
}

PageOnItsWay BeginLoad(ProfileStore& profiles, const std::string& tenant, std::vector<std::string> customers,
                       const std::shared_ptr<Cancellation>& cancellation) {
  PageOnItsWay page{std::move(customers), {}};
  page.profiles = {cancellation, [&](absl::Time deadline, ProfileStore::LoadManyDone done) {
                     profiles.LoadMany(tenant, page.customers, deadline, std::move(done));
                   }};
  return page;
}

absl::Status Walk(ProfileStore& profiles, absl::string_view tenant_name,
                  const std::shared_ptr<Cancellation>& cancellation,
                  absl::FunctionRef<void(const std::string& customer, const StoredProfile& stored)> look,
                  absl::FunctionRef<absl::Status(const WalkProgress&)> after_page) {
  const std::string tenant(tenant_name);
  WalkProgress progress;
  StoredProfile stored;  // each in the place of the one before
  const auto look_at = [&](PageOnItsWay page) -> absl::Status {
    const absl::StatusOr<StoredProfiles> read = page.profiles.Take();
    if (!read.ok()) return read.status();
    for (size_t i = 0; i < read->size(); ++i) {
      if (i % kProfilesBetweenChecks == 0) WAYMARK_RETURN_IF_ERROR(cancellation->status());
      const absl::Status decoded = read->Decode(i, stored);
      if (decoded.ok() && stored.revision == 0) continue;  // gone since it was named
      ++progress.profiles;
      if (decoded.ok()) {
        look(page.customers[i], stored);
      } else {
        ++progress.damaged;
      }
    }
    progress.estimated_total = profiles.EstimatedCount(tenant);
    return after_page(progress);
  };

  Pending<ProfileStore::Page> names = BeginScan(profiles, tenant, "", "", cancellation);
  absl::optional<PageOnItsWay> ahead;
  while (names.valid()) {
    absl::StatusOr<ProfileStore::Page> page = names.Take();
    if (absl::IsOutOfRange(page.status())) return absl::UnavailableError("the store was restarted: try again");
    if (!page.ok()) return page.status();
    PageOnItsWay next = BeginLoad(profiles, tenant, std::move(page->customers), cancellation);
    if (!page->next_cursor.empty()) names = BeginScan(profiles, tenant, page->next_cursor, "", cancellation);
    if (ahead.has_value()) WAYMARK_RETURN_IF_ERROR(look_at(*std::move(ahead)));
    ahead = std::move(next);
  }
  return look_at(*std::move(ahead));
}

}  // namespace waymark::batch
