#ifndef WAYMARK_SERVICE_CLI_IMPORTER_H_
#define WAYMARK_SERVICE_CLI_IMPORTER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/cli/progress.h"
#include "service/cli/sender.h"
#include "waymark/playbook/v1/import_mapping.pb.h"

namespace waymark::cli {

// What an import did.
struct ImportSummary {
  int64_t customers = 0;   // different ones that the files name, those that the service refused included
  int64_t lines = 0;       // read, headers apart
  int64_t recorded = 0;    // events recorded for the first time
  int64_t duplicates = 0;  // events that were there already
  int64_t skipped = 0;     // lines that the mapping leaves out
  int64_t refused = 0;     // lines that could not be converted, and profiles and events that the service refused
};

struct ImportOptions {
  std::string folder;  // that the mapping's files are in
  Sender::Options sender;
  // Told of each refusal, by file, line and reason; on any thread, one call at a time.
  Sender::Refused refused;
  // Told after every line read.
  std::function<void(const ProgressState&)> progress;
};

// Reads the mapping's sources in order, converts their lines and sends what they say. Refused lines are told and
// counted, and it goes on. An error means that it stopped: a file that cannot be read or lacks a column, or a service
// that stayed away or refuses every call. It can be run again as it is within 7 days, which is how long the service
// remembers event ids. A line that says of its customer what the customer's line before it said is not sent again.
// Memory: the joins' tables, the ids of the known customers, and merged events of one source. REQUIRES:
// CheckMapping(mapping) is empty.
absl::StatusOr<ImportSummary> RunImport(const playbook::v1::ImportMapping& mapping, const ImportTarget& target,
                                        const ImportOptions& options);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_IMPORTER_H_
