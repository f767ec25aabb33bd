#include "service/store/redis/evaluate.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/store/redis/replies.h"

namespace waymark::store {
namespace {

std::string FormatScript(absl::string_view verb, absl::string_view script, size_t keys,
                         const std::vector<std::string>& arguments) {
  const std::string key_count = absl::StrCat(keys);
  std::vector<absl::string_view> command = {verb, script, key_count};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return FormatCommand(command);
}

}  // namespace

void Evaluate(Connection& connection, const Script& script, std::vector<std::string> arguments, absl::Time deadline,
              ReplyDone done, Route::To to) {
  const Route route = Route::Of(arguments[0], to);
  std::string by_name = FormatScript("EVALSHA", script.sha, script.keys, arguments);
  connection.Send(route, std::move(by_name), deadline,
                  [&connection, &script, route, arguments = std::move(arguments), deadline,
                   done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                    if (!absl::IsNotFound(reply.status())) return done(std::move(reply));
                    connection.Send(route, FormatScript("EVAL", script.text, script.keys, arguments), deadline,
                                    std::move(done));
                  });
}

// Sent on the connection that wrote: on another one, WAIT would ask for nothing.
void WaitForReplica(Connection& connection, absl::Duration patience, absl::Time deadline,
                    absl::AnyInvocable<void(absl::Status)> done) {
  const int64_t millis = absl::ToInt64Milliseconds(std::min(patience, deadline - absl::Now()));
  connection.Send(Route::ToAnswerer(), FormatCommand({"WAIT", "1", absl::StrCat(std::max<int64_t>(millis, 1))}),
                  deadline, [done = std::move(done)](absl::StatusOr<const redisReply*> reply) mutable {
                    if (!reply.ok()) return done(reply.status());
                    if (!IsInteger(**reply)) return done(UnexpectedReply());
                    done((*reply)->integer > 0
                             ? absl::OkStatus()
                             : absl::UnavailableError("redis has replicas, and none of them answered in time"));
                  });
}

}  // namespace waymark::store
