#ifndef WAYMARK_SERVICE_CLI_WALK_PROGRESS_H_
#define WAYMARK_SERVICE_CLI_WALK_PROGRESS_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "service/cli/command.h"
#include "service/cli/progress.h"

namespace waymark::cli {

// How far an answer of a walk over everyone, or over the log of decisions, is.
template <typename Response>
ProgressState StateOf(const Response& response) {
  int64_t done = 0;
  if constexpr (requires { response.profiles(); }) {
    done = response.profiles();
  } else {
    done = response.decisions();
  }
  const auto total = static_cast<double>(response.estimated_total());
  return {done, total > 0 ? static_cast<double>(done) / total : 0};
}

// Calls `call(each)`, a call whose answer is a stream of progress, shows how far it is, and leaves the last message in
// `last`. UNAVAILABLE where the stream ended before it was done.
template <typename Response, typename CallStream>
absl::Status WithProgress(Session& session, std::string unit, Response& last, CallStream call) {
  Console& console = session.console;
  Progress progress(console.err_is_terminal, std::move(unit), absl::Now());
  absl::Status status = call([&](const Response& response) {
    last = response;
    console.err << progress.Update(StateOf(response), absl::Now()) << std::flush;
  });
  console.err << progress.Clear() << std::flush;
  if (status.ok() && !last.done()) return absl::UnavailableError("the service ended before it was done");
  return status;
}

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_WALK_PROGRESS_H_
