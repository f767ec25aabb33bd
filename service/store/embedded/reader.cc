#include "service/store/embedded/reader.h"

#include <utility>
#include <vector>

#include "service/base/clock.h"

namespace waymark::store {

Reader::Reader(size_t max_queued) : queue_(max_queued), thread_([this] { Run(); }) {}

Reader::~Reader() {
  queue_.Close();
  thread_.join();
}

void Reader::Submit(absl::Time deadline, Task task) {
  Request request{deadline, std::move(task)};
  if (absl::Status status = queue_.Push(request); !status.ok()) request.task(std::move(status));
}

void Reader::Run() {
  while (true) {
    std::vector<Request> requests = queue_.Take(1, absl::InfiniteDuration());
    if (requests.empty()) return;  // closed
    for (Request& request : requests) {
      if (queue_.closed()) {
        request.task(absl::UnavailableError("the store is closing"));
      } else if (base::SteadyNow() > request.deadline) {
        request.task(absl::DeadlineExceededError("the store came to the request after its deadline"));
      } else {
        request.task(absl::OkStatus());
      }
    }
  }
}

}  // namespace waymark::store
