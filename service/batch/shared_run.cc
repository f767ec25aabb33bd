#include "service/batch/shared_run.h"

#include <cstring>
#include <utility>

#include "service/base/ids.h"
#include "service/base/status_macros.h"
#include "service/store/names.h"

namespace waymark::batch {

using store::Record;
using store::RecordStore;
using store::RunState;

uint64_t NewRandomId() {
  const std::string random = base::NewKey(sizeof(uint64_t));
  uint64_t id = 0;
  std::memcpy(&id, random.data(), sizeof(id));
  return id | 1;  // 0 is nobody
}

SharedRun::SharedRun(RecordStore& records, std::string name, std::shared_ptr<Cancellation> cancellation)
    : records_(records), name_(std::move(name)), cancellation_(std::move(cancellation)) {}

absl::StatusOr<Joining> SharedRun::Join(absl::FunctionRef<absl::StatusOr<Joining>(const RunState&)> rule,
                                        absl::FunctionRef<RunState(const RunState& before)> begin) {
  while (true) {
    WAYMARK_RETURN_IF_ERROR(Read());
    absl::StatusOr<Joining> joining = rule(state_);
    if (!joining.ok() || *joining != Joining::kBegin) {
      id_ = state_.id;
      return joining;
    }
    const absl::Status written = Write(begin(state_));
    if (absl::IsAborted(written)) continue;  // somebody else began one, or went on with it
    if (!written.ok()) return written;
    id_ = state_.id;
    return joining;
  }
}

absl::Status SharedRun::Change(absl::FunctionRef<bool(RunState&)> change) {
  while (true) {
    RunState next = state_;
    if (!change(next)) return absl::OkStatus();
    absl::Status written = Write(next);
    if (!absl::IsAborted(written)) return written;
    WAYMARK_RETURN_IF_ERROR(Refresh());
    if (over()) return absl::OkStatus();
  }
}

absl::Status SharedRun::Refresh() {
  WAYMARK_RETURN_IF_ERROR(Read());
  return CheckRun();
}

absl::Status SharedRun::CheckRun() {
  if (state_.id == id_) return absl::OkStatus();
  if (state_.finished_id != id_) return absl::AbortedError("another run took the place of this one");
  // It came to its end, and the next one began.
  state_.id = id_;
  state_.as_of = state_.finished_as_of;
  state_.counts = state_.finished_counts;
  state_.exhausted = true;
  state_.claims.clear();
  return absl::OkStatus();
}

void SharedRun::BeginFarewell(std::shared_ptr<Cancellation> cancellation, absl::Duration timeout) {
  cancellation_ = std::move(cancellation);
  timeout_ = timeout;
}

absl::Status SharedRun::Read() {
  Pending<Record> pending(
      cancellation_,
      [&](absl::Time deadline, RecordStore::GetDone done) { records_.Get(name_, deadline, std::move(done)); },
      timeout_);
  absl::StatusOr<Record> record = pending.Take();
  if (!record.ok()) return record.status();
  revision_ = record->revision;
  // One that cannot be decoded is worth no more than none.
  state_ = store::DecodeRun(record->value).value_or(RunState{});
  return absl::OkStatus();
}

absl::Status SharedRun::Write(const RunState& state) {
  RunState written = state;
  std::string bytes = store::EncodeRun(written);
  if (bytes.size() > store::kMaxRecordBytes) {
    // Those of the run before are for who comes too late for its end, and now begins anew.
    written.finished_id = 0;
    written.finished_as_of = absl::UnixEpoch();
    written.finished_counts = {};
    bytes = store::EncodeRun(written);
  }
  if (bytes.size() > store::kMaxRecordBytes) {
    return absl::ResourceExhaustedError("what is counted exceeds a record of the store");
  }
  Pending<uint64_t> pending(
      cancellation_,
      [&](absl::Time deadline, RecordStore::PutDone done) {
        records_.Put(name_, bytes, revision_, deadline, std::move(done));
      },
      timeout_);
  const absl::StatusOr<uint64_t> revision = pending.Take();
  if (!revision.ok()) return revision.status();
  revision_ = *revision;
  state_ = std::move(written);
  return absl::OkStatus();
}

}  // namespace waymark::batch
