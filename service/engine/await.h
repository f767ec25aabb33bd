#ifndef WAYMARK_SERVICE_ENGINE_AWAIT_H_
#define WAYMARK_SERVICE_ENGINE_AWAIT_H_

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "service/store/store.h"

namespace waymark::engine {

// Waits for an asynchronous call: `start` is given the callback. For threads that may block, never for a handler's.
template <typename T, typename Start>
absl::StatusOr<T> Await(Start start) {
  absl::StatusOr<T> result = absl::UnknownError("not answered");
  absl::Notification answered;
  start([&](absl::StatusOr<T> value) {
    result = std::move(value);
    answered.Notify();
  });
  answered.WaitForNotification();
  return result;
}

// Records, in the same way.
inline absl::StatusOr<store::Record> GetRecord(store::RecordStore& records, absl::string_view name,
                                               absl::Time deadline) {
  return Await<store::Record>([&](store::RecordStore::GetDone done) { records.Get(name, deadline, std::move(done)); });
}
inline absl::StatusOr<uint64_t> PutRecord(store::RecordStore& records, absl::string_view name, absl::string_view value,
                                          uint64_t expected_revision, absl::Time deadline) {
  return Await<uint64_t>([&](store::RecordStore::PutDone done) {
    records.Put(name, value, expected_revision, deadline, std::move(done));
  });
}

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_AWAIT_H_
