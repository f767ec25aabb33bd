#ifndef WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_BUDGETS_H_
#define WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_BUDGETS_H_

#include <string>

#include "service/store/budget_store.h"
#include "service/store/embedded/database.h"
#include "service/store/embedded/writer.h"

namespace waymark::store {

// Budgets in the embedded store's database, by the machine's clock. Every method but Read waits for the disk on the
// store's writer thread, with many others in one sync; Read reads on the caller's. Thread-safe; borrows both.
class EmbeddedBudgets final : public BudgetStore {
 public:
  EmbeddedBudgets(const Database& database, Writer& writer) : database_(database), writer_(writer) {}

  void Lease(const BudgetKey& key, const LeaseRequest& request, absl::Time deadline, LeaseDone done) override;
  void Hold(const HoldRequest& request, absl::Time deadline, Done done) override;
  void ChangeHolds(absl::string_view tenant, absl::string_view decision, HoldChange change, absl::Time deadline,
                   Done done) override;
  void Read(const BudgetKey& key, absl::Time deadline, UseDone done) override;

 private:
  const Database& database_;
  Writer& writer_;
};

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_EMBEDDED_EMBEDDED_BUDGETS_H_
