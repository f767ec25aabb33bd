#ifndef WAYMARK_SERVICE_STORE_REDIS_TOKEN_BUCKET_H_
#define WAYMARK_SERVICE_STORE_REDIS_TOKEN_BUCKET_H_

#include <algorithm>

namespace waymark::store {

// Keeps what is sent beyond the requests themselves (repeats, hedges) to a share of them. A value.
class TokenBucket {
 public:
  // Each request earns a `share` of a token; no more than `capacity` are kept, `begin` of them at first.
  TokenBucket(double share, double capacity, double begin) : share_(share), capacity_(capacity), tokens_(begin) {}

  void Earn() { tokens_ = std::min(capacity_, tokens_ + share_); }

  // False: there is none.
  bool TryTake() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double share_;
  double capacity_;
  double tokens_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_TOKEN_BUCKET_H_
