#ifndef WAYMARK_SERVICE_BASE_SHARED_LOOP_H_
#define WAYMARK_SERVICE_BASE_SHARED_LOOP_H_

#include <thread>

#include "absl/time/time.h"

namespace waymark::base {

// The loop of something that answers later, which a thread of its own turns. One other thread, the guest, may turn it
// while it would only wait for answers: they then come on the guest's thread, and each bunch of them is spared two
// changes of threads, which cost more than the answers.
//
// Thread-safe; Turn and Leave are for the guest.
class SharedLoop {
 public:
  virtual ~SharedLoop() = default;

  // Who may turn it; default: nobody. What the guest asks for may wait until it turns the loop or leaves it, and if it
  // does neither, for a millisecond.
  virtual void SetGuest(std::thread::id guest) = 0;

  // Whether the guest should turn it: it waits for answers, nobody else does, and they come soon.
  virtual bool IsGuests() const = 0;

  // Sends what was asked for, waits at most `patience` for something to come, and calls back for what has come. Does
  // nothing where it is not the guest's. For how long it waited.
  virtual absl::Duration Turn(absl::Duration patience) = 0;

  // The guest has something else to do: the loop's own thread goes on.
  virtual void Leave() = 0;
};

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_SHARED_LOOP_H_
