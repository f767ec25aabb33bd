#ifndef WAYMARK_TESTS_SUPPORT_FAKE_DECISION_LOG_H_
#define WAYMARK_TESTS_SUPPORT_FAKE_DECISION_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "service/store/decision_log.h"

namespace waymark::testing_support {

// A decision log in memory. Calls back before it returns, in pages of two entries. It passes the stores' contract
// suite. Thread-safe.
class FakeDecisionLog final : public store::DecisionLog {
 public:
  void Append(absl::string_view tenant, std::vector<Entry> entries, absl::Time deadline, AppendDone done) override;
  void ReadShard(absl::string_view tenant, int shard, absl::string_view cursor, absl::Time since, absl::Time deadline,
                 ReadShardDone done) override;
  void Trim(absl::string_view tenant, absl::Time not_before, size_t max_bytes, absl::Time deadline,
            TrimDone done) override;

  // Every call is answered with this from now on; OK: works again.
  void FailWith(absl::Status status);
  // Replaces the bytes of each entry of a tenant by what `change` makes of them.
  void ChangeBytes(absl::string_view tenant, const std::function<std::string(std::string)>& change);
  // How many entries a tenant has.
  size_t size(absl::string_view tenant) const;

 private:
  struct Kept {
    absl::Time at;
    uint64_t number = 0;
    std::string bytes;
  };

  absl::Status Check(absl::string_view tenant, absl::Time deadline) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::pair<std::string, int>, std::deque<Kept>> shards_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_FAKE_DECISION_LOG_H_
