#ifndef WAYMARK_SERVICE_ENGINE_AWAIT_H_
#define WAYMARK_SERVICE_ENGINE_AWAIT_H_

#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"

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

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_AWAIT_H_
