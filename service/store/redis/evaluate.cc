#include "service/store/redis/evaluate.h"

#include <utility>

#include "absl/strings/str_cat.h"
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

}  // namespace waymark::store
