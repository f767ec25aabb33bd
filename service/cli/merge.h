#ifndef WAYMARK_SERVICE_CLI_MERGE_H_
#define WAYMARK_SERVICE_CLI_MERGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/cli/sender.h"
#include "waymark/v1/event.pb.h"

namespace waymark::cli {

// Makes one event of the lines that have one customer and event id, as EventRule's `merge` says. Holds every event
// until it is taken: some 400 bytes each. Thread-compatible.
class EventMerger {
 public:
  // What keeps the line from being added, or "". Amortized O(labels).
  std::string Add(const std::string& file, int line, const std::string& customer, v1::Event part);

  // Everything, in the order of the events' first lines, each with that line.
  std::vector<Work> Take();

 private:
  absl::flat_hash_map<std::pair<std::string, std::string>, size_t> index_;  // by customer and event id
  std::vector<Work> work_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_MERGE_H_
