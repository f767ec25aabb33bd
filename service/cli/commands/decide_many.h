#ifndef WAYMARK_SERVICE_CLI_COMMANDS_DECIDE_MANY_H_
#define WAYMARK_SERVICE_CLI_COMMANDS_DECIDE_MANY_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "service/cli/client.h"
#include "service/cli/command.h"
#include "waymark/v1/decision.pb.h"

namespace waymark::cli {

// Whom a bulk run asks about.
struct CustomerSource {
  std::string name;  // of the same customers the next time: "all", "segment vip"
  // Calls `add` with each until it gives an error, and keeps `fraction`, of the customers it has gone through, up to
  // date where it knows.
  std::function<absl::Status(const std::function<absl::Status(const std::string&)>& add, double& fraction)> each;
};

// Those of a segment, of everyone where it is empty. REQUIRES: `client` outlives it.
CustomerSource Members(Client& client, const std::string& tenant, const std::string& segment);

// Decides for each of the source, writes a line for each to the file (BulkFile), and tells how far it is and what came
// of it. `workers`: streams at once.
void DecideToFile(Session& session, Client& client, const v1::DecideStreamRequest& question,
                  const CustomerSource& source, const std::string& path, int workers);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_COMMANDS_DECIDE_MANY_H_
