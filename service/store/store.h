#ifndef WAYMARK_SERVICE_STORE_STORE_H_
#define WAYMARK_SERVICE_STORE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/store/stored_profiles.h"

namespace waymark::store {

// What a profile may take at rest. A store refuses to write more (INVALID_ARGUMENT): compact it first.
inline constexpr size_t kMaxProfileBytes = 16 * 1024;

// Names one customer. Neither part is empty; at most 64 and 128 bytes; the tenant has no '/'.
struct CustomerKey {
  std::string tenant;
  std::string customer;

  friend bool operator==(const CustomerKey&, const CustomerKey&) = default;
};

// A profile as it was at a moment.
struct RecentProfile {
  StoredProfile stored;
  absl::Time at;  // of the machine's clock
};

// Keeps profiles.
//
// Every method returns at once and calls its callback exactly once, on any thread (the caller's own included), whatever
// happens: also when the deadline (of SteadyNow) passes or the store is destroyed. Callbacks must not block.
// Thread-safe.
//
// Errors: UNAVAILABLE the store is away (nothing was written, or, where an answer was lost, the write may stand: repeat
// it with the same event ids); DEADLINE_EXCEEDED likewise; DATA_LOSS the stored bytes cannot be decoded;
// RESOURCE_EXHAUSTED the disk or a queue is full, which passes; INVALID_ARGUMENT the profile would exceed 16 KiB.
class ProfileStore {
 public:
  // A page of a walk: names alone.
  struct Page {
    std::vector<std::string> customers;
    std::string next_cursor;  // empty: this was the last page
  };

  using LoadDone = absl::AnyInvocable<void(absl::StatusOr<StoredProfile>)>;
  using LoadManyDone = absl::AnyInvocable<void(absl::StatusOr<StoredProfiles>)>;
  // Given the stored state, says the new one; nullopt leaves it as it is, an error goes to the callback. A pure
  // function: it is called again after a conflict, and what the last call said is what was written.
  using Change = absl::AnyInvocable<absl::StatusOr<absl::optional<segmentation::Profile>>(const StoredProfile&)>;
  // The revision after the change (the one before it, where the change left the profile alone).
  using UpdateDone = absl::AnyInvocable<void(absl::StatusOr<uint64_t>)>;
  using ScanDone = absl::AnyInvocable<void(absl::StatusOr<Page>)>;

  virtual ~ProfileStore() = default;

  // One round trip.
  virtual void Load(const CustomerKey& key, absl::Time deadline, LoadDone done) = 0;

  // Reads, changes and writes by compare-and-set, again after a conflict until the deadline; when it calls back with OK
  // the profile is stored durably. One read and at most one write where nobody else changes the customer.
  virtual void Update(const CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) = 0;

  // The same, beginning with a state that was read before: one write where that is still what is stored.
  virtual void UpdateFrom(const CustomerKey& key, const StoredProfile& seen, absl::Time deadline, Change change,
                          UpdateDone done) = 0;

  // The names of the tenant's customers, a page of about `limit` at a time. Begin with the empty cursor. A customer who
  // is there from the first page to the last is seen at least once; an implementation may show one twice, and an empty
  // page is not yet the last.
  //
  // `until`: a cursor that an earlier page of the walk gave, where this one ends; empty: at the end. So a part of a
  // walk can be done again by somebody else: from the cursor where it began until the one where it ended, it shows
  // whoever it showed the first time and is still there, and nobody whom the rest of the walk shows.
  virtual void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit,
                    absl::Time deadline, ScanDone done) = 0;

  // The profiles of these customers, in their order; one that cannot be decoded is lost alone. Cheapest for the
  // customers of a page in the order of the page. Callers read in parts: all that is asked for at once is in memory.
  virtual void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                        LoadManyDone done) = 0;

  // What the store last said of the customer, some minutes ago at most, for when it is away; nullopt where nothing is
  // known. Never blocks.
  virtual absl::optional<RecentProfile> Recall(const CustomerKey& key) = 0;

  // The store's own estimate of how many profiles a tenant has; 0 where it has none. Never blocks.
  virtual int64_t EstimatedCount(absl::string_view tenant) = 0;

  // Whether the store answered lately. Never blocks.
  virtual bool Ready() = 0;
};

// A small named value of the tenant or of the service: a playbook's text, a cursor, a key.
struct Record {
  std::string name;
  uint64_t revision = 0;  // counts from 1; 0: there is no such record
  std::string value;      // at most 2 MiB
};

// Keeps records. The same promises as ProfileStore.
//
// A name is "class/rest": the class is [a-z_]+, the rest any bytes; together at most 256 bytes.
class RecordStore {
 public:
  using GetDone = absl::AnyInvocable<void(absl::StatusOr<Record>)>;
  using PutDone = absl::AnyInvocable<void(absl::StatusOr<uint64_t>)>;
  using ListDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<Record>>)>;

  virtual ~RecordStore() = default;

  // Revision 0 and an empty value where there is none.
  virtual void Get(absl::string_view name, absl::Time deadline, GetDone done) = 0;

  // Writes durably where the stored revision is `expected_revision` (0: where there is none), and gives the new
  // revision; ABORTED otherwise.
  virtual void Put(absl::string_view name, absl::string_view value, uint64_t expected_revision, absl::Time deadline,
                   PutDone done) = 0;

  // Every record of a class, ascending by name. For classes that hold few, small values. One that is damaged has
  // revision 0 and no value.
  virtual void List(absl::string_view record_class, absl::Time deadline, ListDone done) = 0;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_STORE_H_
