#ifndef WAYMARK_SERVICE_BATCH_SHARED_RUN_H_
#define WAYMARK_SERVICE_BATCH_SHARED_RUN_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "service/batch/claims.h"
#include "service/batch/pending.h"
#include "service/store/batch_records.h"
#include "service/store/store.h"

namespace waymark::batch {

// A random id, of a run or a worker; never 0.
uint64_t NewRandomId();

// The state of a tenant's run as this worker knows it, in the store's record "resegment/<tenant>". Its methods block.
// Single-threaded; borrows the store.
//
// Errors, beside those of the cancellation and the store: ABORTED where another run took this one's place.
class SharedRun {
 public:
  SharedRun(store::RecordStore& records, const std::string& tenant, std::shared_ptr<Cancellation> cancellation);

  // Takes part in the tenant's run where there is one with this basis that is not over; else, and with `restart` in any
  // case, begins one. UNAVAILABLE where the last one, over or not, has a newer basis.
  absl::Status Join(bool restart, const Basis& basis, size_t segments, size_t stages);

  // Changes the state; again, with what others made of it, until nobody came between. `change` says whether there is
  // anything to write.
  absl::Status Change(absl::FunctionRef<bool(store::ResegmentRun&)> change);
  // Reads the state.
  absl::Status Refresh();

  // As it was when it was last read or written. Over: with everyone's counts.
  const store::ResegmentRun& state() const { return state_; }
  bool over() const { return IsOver(state_); }

  // From now on its calls end with this cancellation, and take no longer than `timeout`: for giving claims up after the
  // work was cancelled.
  void BeginFarewell(std::shared_ptr<Cancellation> cancellation, absl::Duration timeout);

 private:
  absl::Status Read();
  absl::Status Write(const store::ResegmentRun& state);
  // Whether what was read is this run, or the end of it.
  absl::Status CheckRun();

  store::RecordStore& records_;
  const std::string name_;
  std::shared_ptr<Cancellation> cancellation_;
  absl::Duration timeout_ = kStoreTimeout;
  uint64_t id_ = 0;
  uint64_t revision_ = 0;
  store::ResegmentRun state_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_SHARED_RUN_H_
