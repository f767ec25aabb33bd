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

// What somebody does who comes to a run.
enum class Joining {
  kTakePart,  // in the one that is under way
  kBegin,     // a new one, in its place
  kAnswered,  // nothing: what is wanted is there
};

// The state of a run as this worker knows it, in a record of the store. Its methods block. Single-threaded; borrows the
// store.
//
// Errors, beside those of the cancellation and the store: ABORTED where another run took this one's place;
// RESOURCE_EXHAUSTED where its counts exceed a record.
class SharedRun {
 public:
  SharedRun(store::RecordStore& records, std::string name, std::shared_ptr<Cancellation> cancellation);

  // Does what `rule` says of the state, asked again where somebody else was quicker, until that is done. `begin` makes
  // the state of a new run from the one before. Its answer, or error.
  absl::StatusOr<Joining> Join(absl::FunctionRef<absl::StatusOr<Joining>(const store::RunState&)> rule,
                               absl::FunctionRef<store::RunState(const store::RunState& before)> begin);

  // Changes the state; again, with what others made of it, until nobody came between. `change` says whether there is
  // anything to write.
  absl::Status Change(absl::FunctionRef<bool(store::RunState&)> change);
  // Reads the state.
  absl::Status Refresh();

  // As it was when it was last read or written. Over: with everyone's counts.
  const store::RunState& state() const { return state_; }
  bool over() const { return IsOver(state_); }

  // From now on its calls end with this cancellation, and take no longer than `timeout`: for giving claims up after the
  // work was cancelled.
  void BeginFarewell(std::shared_ptr<Cancellation> cancellation, absl::Duration timeout);

 private:
  absl::Status Read();
  absl::Status Write(const store::RunState& state);
  // Whether what was read is this run, or the end of it.
  absl::Status CheckRun();

  store::RecordStore& records_;
  const std::string name_;
  std::shared_ptr<Cancellation> cancellation_;
  absl::Duration timeout_ = kStoreTimeout;
  uint64_t id_ = 0;
  uint64_t revision_ = 0;
  store::RunState state_;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_SHARED_RUN_H_
