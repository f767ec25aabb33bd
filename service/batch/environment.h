#ifndef WAYMARK_SERVICE_BATCH_ENVIRONMENT_H_
#define WAYMARK_SERVICE_BATCH_ENVIRONMENT_H_

#include "service/base/clock.h"
#include "service/batch/threads.h"
#include "service/engine/playbooks.h"
#include "service/store/store.h"

namespace waymark::batch {

// What batch work needs of the world. All of it outlives the threads.
struct Environment {
  store::ProfileStore& profiles;
  store::RecordStore& records;
  engine::Playbooks& playbooks;
  const base::Clock& clock;
  Threads& threads;
};

}  // namespace waymark::batch

#endif  // WAYMARK_SERVICE_BATCH_ENVIRONMENT_H_
