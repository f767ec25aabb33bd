#include "service/store/redis/shared_reads.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::store {

bool SharedReads::MustRead(std::string& what, absl::Time deadline, Done done) {
  absl::MutexLock lock(&mutex_);
  auto read = reads_.find(what);
  const bool joins = read != reads_.end() && read->second.deadline <= deadline;
  if (read != reads_.end() && !joins) absl::StrAppend(&what, "/", ++alone_);
  if (!joins) read = reads_.try_emplace(what, Read{deadline, {}}).first;
  read->second.waiting.push_back(std::move(done));
  return !joins;
}

void SharedReads::Finish(const std::string& what, const absl::StatusOr<ChangeFeed::Changes>& changes) {
  std::vector<Done> waiting;
  {
    absl::MutexLock lock(&mutex_);
    const auto read = reads_.find(what);
    waiting = std::move(read->second.waiting);
    reads_.erase(read);
  }
  for (Done& done : waiting) done(changes);
}

}  // namespace waymark::store
