#ifndef WAYMARK_SERVICE_STORE_REDIS_DELAYED_H_
#define WAYMARK_SERVICE_STORE_REDIS_DELAYED_H_

#include <uv.h>

#include <functional>
#include <map>
#include <memory>

#include "absl/time/time.h"
#include "service/store/redis/request.h"

namespace waymark::store {

// Requests that are to be sent in a moment. Single-threaded: the loop's thread.
class Delayed {
 public:
  using Send = std::function<void(std::unique_ptr<Request>)>;

  // The object must live until the loop has closed the timer.
  Delayed(uv_loop_t* loop, Send send);

  // Sends it then, or at its deadline where that is before.
  void Add(std::unique_ptr<Request> request, absl::Duration delay);

  // Sends what there is.
  void Close();

 private:
  void Arm();
  void Ring();

  const Send send_;
  uv_timer_t timer_{};
  std::multimap<absl::Time, std::unique_ptr<Request>> requests_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_DELAYED_H_
