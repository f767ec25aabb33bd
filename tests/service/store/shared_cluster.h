#ifndef WAYMARK_TESTS_SERVICE_STORE_SHARED_CLUSTER_H_
#define WAYMARK_TESTS_SERVICE_STORE_SHARED_CLUSTER_H_

#include "service/store/redis/redis_options.h"
#include "tests/support/redis_cluster.h"

namespace waymark::testing_support {

// The one cluster of this binary, whole and empty; nullptr, with a failure of the test, where it cannot be had.
RedisCluster* SharedCluster();

// To begin with one of its masters.
store::RedisOptions OptionsFor(const RedisCluster& cluster);

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_STORE_SHARED_CLUSTER_H_
