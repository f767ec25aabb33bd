#ifndef WAYMARK_SERVICE_ENGINE_PLAYBOOKS_H_
#define WAYMARK_SERVICE_ENGINE_PLAYBOOKS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/population.h"
#include "service/base/clock.h"
#include "service/base/metrics.h"
#include "service/base/snapshot.h"
#include "service/base/worker.h"
#include "service/decision/token.h"
#include "service/engine/requests.h"
#include "service/store/playbook_records.h"
#include "service/store/store.h"

namespace waymark::engine {

// Keeps every tenant's current playbook compiled, with what was learned of its population, and follows what other
// replicas apply and fit: the store is asked each half second. Also keeps the key that signs the tokens of decisions,
// which all replicas share. Its own thread compiles; no caller waits for it. Thread-safe.
class Playbooks final : public base::MetricSource {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  using PopulationPointer = std::shared_ptr<const segmentation::Population>;

  // Borrows the store and the clock.
  Playbooks(store::RecordStore& records, const base::Clock& clock);
  ~Playbooks() override;

  // FAILED_PRECONDITION: the tenant has no playbook. UNAVAILABLE: they were not read from the store yet. Takes the
  // snapshot; never blocks.
  absl::StatusOr<std::shared_ptr<const playbook::Playbook>> Current(absl::string_view tenant) const;

  // Those that have a playbook here.
  std::vector<std::string> Tenants() const;

  // Versions by tenant: of the first hundred by name, where there are more.
  void Collect(base::MetricWriter& writer) const override;

  // The key of tokens. REQUIRES: Ready().
  std::shared_ptr<const decision::TokenKey> token_key() const { return token_key_.Get(); }

  // Whether the store's playbooks and the key were read, once at least.
  bool Ready() const { return ready_.load(std::memory_order_acquire); }

  // Checks, compiles, stores as the tenant's next version, and serves it. With problems nothing is stored, and they are
  // the answer. INVALID_ARGUMENT: the tenant's name; ABORTED: the current version is not `expected_version`, or another
  // was applied meanwhile.
  void Apply(std::string tenant, std::string text, absl::optional<uint64_t> expected_version, absl::Time deadline,
             Done<ApplyAnswer> done);

  // The same checks alone.
  void Validate(std::string text, absl::AnyInvocable<void(std::vector<playbook::Problem>)> done);

  // NOT_FOUND: no such version. Absent: the current one.
  void Get(std::string tenant, absl::optional<uint64_t> version, absl::Time deadline, Done<PlaybookText> done);

  // A population that was used once: the current one and the 64 before it are kept. NOT_FOUND: it is not kept any more.
  void GetPopulation(std::string tenant, uint64_t version, absl::Time deadline, Done<PopulationPointer> done);

  // Stores the tenant's next population, and serves it. ABORTED: another one than its version's predecessor is stored.
  void StorePopulation(std::string tenant, segmentation::Population population, absl::Time deadline,
                       Done<PopulationPointer> done);

 private:
  using ByTenant = absl::flat_hash_map<std::string, std::shared_ptr<const playbook::Playbook>>;

  // All on the worker's thread.
  // Says when to poll again.
  absl::Duration Poll();
  // Whether everything was read.
  bool ReadAll();
  void ReadTokenKey();
  uint64_t ServedVersion(absl::string_view tenant) const;
  absl::StatusOr<ApplyAnswer> StoreAndServe(const std::string& tenant, const std::string& text,
                                            absl::optional<uint64_t> expected_version, absl::Time deadline);
  absl::StatusOr<PlaybookText> ReadVersion(const std::string& tenant, absl::optional<uint64_t> version,
                                           absl::Time deadline);
  void Load(const std::string& tenant, const store::PlaybookVersion& version);
  void Serve(const std::string& tenant, const std::shared_ptr<const playbook::Playbook>& playbook);
  bool ReadPopulations(absl::Time deadline);
  // False where the store did not answer.
  bool LoadPopulation(const std::string& tenant, uint64_t head, absl::Time deadline);
  void TellOfPopulation(const std::string& tenant, uint64_t version, const store::Record& head, absl::Time deadline);
  absl::StatusOr<PopulationPointer> StoreAndServePopulation(const std::string& tenant,
                                                            segmentation::Population population, absl::Time deadline);
  absl::Status KeepPastPopulation(const std::string& tenant, uint64_t version, absl::string_view value,
                                  absl::Time deadline);
  absl::StatusOr<PopulationPointer> ReadPopulation(const std::string& tenant, uint64_t version, absl::Time deadline);
  void ServePopulation(const std::string& tenant, PopulationPointer population);

  store::RecordStore& records_;
  const base::Clock& clock_;
  base::Snapshot<ByTenant> current_;
  base::Snapshot<decision::TokenKey> token_key_;
  std::atomic<bool> ready_{false};
  std::atomic<size_t> unusable_{0};  // tenants in damaged_ and uncompilable_
  // The worker's own.
  absl::flat_hash_set<std::string> damaged_;  // tenants whose list of versions cannot be read
  absl::flat_hash_map<std::string, PopulationPointer> populations_;
  absl::flat_hash_map<std::string, uint64_t> population_heads_;  // what a tenant's head said when it was followed
  bool complaining_ = false;                                     // whether the store's absence was logged
  absl::flat_hash_map<std::string, uint64_t> uncompilable_;  // a tenant's version that does not compile here, said once
  base::Worker worker_;                                      // last: stops before what it uses goes
};

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_PLAYBOOKS_H_
