// embedded_store_writer DIRECTORY: a process for the embedded store's tests to kill. Creates the customers 0, 1, 2, ...
// of the tenant "shop", each in a segment of that number, with many updates on their way at once, and writes each one's
// number (4 bytes) to its output once it is acknowledged. Never ends by itself; 1 where the store fails.

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "service/store/embedded/embedded_store.h"
#include "tests/support/store_calls.h"

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  auto store = waymark::store::EmbeddedStore::Open(argv[1]);
  if (!store.ok()) return 1;
  std::atomic<int> on_their_way{0};
  for (uint32_t i = 0;; ++i) {
    while (on_their_way.load() >= 64) sched_yield();
    ++on_their_way;
    waymark::segmentation::Profile profile;
    profile.compacted = i;
    profile.derived.segments = {waymark::segmentation::NameId{i}};
    (*store)->Update({"shop", absl::StrCat(i)}, absl::InfiniteFuture(), waymark::testing_support::Write(profile),
                     [&on_their_way, i](absl::StatusOr<uint64_t> revision) {
                       if (!revision.ok() || write(STDOUT_FILENO, &i, sizeof(i)) != sizeof(i)) _exit(1);
                       --on_their_way;
                     });
  }
}
