#include "service/store/redis/breaker.h"

#include <algorithm>

namespace waymark::store {

void Breaker::TimedOut(absl::Duration waited) {
  if (waited < kMinPatience) return;
  patience_ = failures_ == 0 && !open_ ? waited : std::max(patience_, waited);
  if (++failures_ >= kFailures) open_ = true;
}

void Breaker::ProbeAnswered(absl::Duration took) {
  if (open_ && took > patience_) return;
  open_ = false;
  failures_ = 0;
}

void Breaker::ProbeMissed(absl::Duration waited) {
  patience_ = open_ ? std::max(patience_, waited) : waited;
  open_ = true;
}

}  // namespace waymark::store
