#ifndef WAYMARK_SERVICE_STORE_REDIS_BREAKER_H_
#define WAYMARK_SERVICE_STORE_REDIS_BREAKER_H_

#include "absl/time/time.h"

namespace waymark::store {

// Whether a server is worth asking, by what became of what it was asked (a circuit breaker). A value: it has no clock.
//
// Closed at first: all is asked. It opens when kFailures requests in a row were not answered in the time that they had,
// or a probe was not answered before the next one was due. Open, callers are to be told at once, and the server gets
// one probe at a time; it closes with the first that is answered as fast as would have been fast enough.
class Breaker {
 public:
  static constexpr int kFailures = 5;
  // Who waited less says nothing about the server: nobody may open it by being impatient.
  static constexpr absl::Duration kMinPatience = absl::Milliseconds(10);

  bool open() const { return open_; }

  // A request was answered while its caller still waited.
  void Answered() { failures_ = 0; }

  // A request was not, for so long.
  void TimedOut(absl::Duration waited);

  // A probe was answered after so long.
  void ProbeAnswered(absl::Duration took);

  // A probe was not, when the next one was due.
  void ProbeMissed(absl::Duration waited);

 private:
  bool open_ = false;
  int failures_ = 0;         // in a row
  absl::Duration patience_;  // the longest of these; what a probe may take that closes it
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_BREAKER_H_
