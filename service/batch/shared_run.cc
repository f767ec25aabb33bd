#include "service/batch/shared_run.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/ids.h"
#include "service/base/status_macros.h"

namespace waymark::batch {

using store::Record;
using store::RecordStore;
using store::ResegmentRun;

uint64_t NewRandomId() {
  const std::string random = base::NewKey(sizeof(uint64_t));
  uint64_t id = 0;
  std::memcpy(&id, random.data(), sizeof(id));
  return id | 1;  // 0 is nobody
}

SharedRun::SharedRun(RecordStore& records, const std::string& tenant, std::shared_ptr<Cancellation> cancellation)
    : records_(records), name_(absl::StrCat("resegment/", tenant)), cancellation_(std::move(cancellation)) {}

absl::Status SharedRun::Join(bool restart, const Basis& basis, size_t segments, size_t stages) {
  while (true) {
    WAYMARK_RETURN_IF_ERROR(Read());
    if (!restart && IsNewer(BasisOf(state_), basis)) {
      return absl::UnavailableError(
          "the last re-segmentation is of a newer playbook, which is not here yet: try again, or restart it where that "
          "playbook is gone");
    }
    if (!restart && !IsOver(state_) && BasisOf(state_) == basis) {
      id_ = state_.id;
      return absl::OkStatus();
    }
    const ResegmentRun begun = BeginRun(state_, NewRandomId(), basis, segments, stages);
    absl::Status written = Write(begun);
    if (absl::IsAborted(written)) continue;  // somebody else began one, or went on with it
    if (written.ok()) id_ = begun.id;
    return written;
  }
}

absl::Status SharedRun::Change(absl::FunctionRef<bool(ResegmentRun&)> change) {
  while (true) {
    ResegmentRun next = state_;
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
  if (state_.finished_id != id_) return absl::AbortedError("another re-segmentation took the place of this one");
  // It came to its end, and the next one began.
  state_.id = id_;
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
  state_ = store::DecodeResegmentRun(record->value).value_or(ResegmentRun{});
  return absl::OkStatus();
}

absl::Status SharedRun::Write(const ResegmentRun& state) {
  Pending<uint64_t> pending(
      cancellation_,
      [&](absl::Time deadline, RecordStore::PutDone done) {
        records_.Put(name_, store::EncodeResegmentRun(state), revision_, deadline, std::move(done));
      },
      timeout_);
  const absl::StatusOr<uint64_t> revision = pending.Take();
  if (!revision.ok()) return revision.status();
  revision_ = *revision;
  state_ = state;
  return absl::OkStatus();
}

}  // namespace waymark::batch
