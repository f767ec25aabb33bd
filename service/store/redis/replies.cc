#include "service/store/redis/replies.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace waymark::store {
namespace {

// What an error's first word means.
struct ErrorWord {
  absl::string_view word;
  absl::StatusCode code;
  absl::string_view message;
};

constexpr ErrorWord kErrorWords[] = {
    {"OOM", absl::StatusCode::kResourceExhausted, "redis has no memory left (OOM)"},
    {"MISCONF", absl::StatusCode::kUnavailable, "redis refuses writes because it cannot save to its disk (MISCONF)"},
    {"READONLY", absl::StatusCode::kUnavailable, "redis is a replica that takes no writes (READONLY)"},
    {"LOADING", absl::StatusCode::kUnavailable, "redis is loading its data (LOADING)"},
    {"BUSY", absl::StatusCode::kUnavailable, "redis is busy with a script (BUSY)"},
    {"MASTERDOWN", absl::StatusCode::kUnavailable, "redis is a replica without its master (MASTERDOWN)"},
    {"NOREPLICAS", absl::StatusCode::kUnavailable, "redis has too few replicas to take writes (NOREPLICAS)"},
    {"NOAUTH", absl::StatusCode::kUnavailable, "redis wants a password (NOAUTH)"},
    {"WRONGPASS", absl::StatusCode::kUnavailable, "redis refuses the user or password (WRONGPASS)"},
    {"NOPERM", absl::StatusCode::kUnavailable, "redis does not permit this user the command (NOPERM)"},
    {"CLUSTERDOWN", absl::StatusCode::kUnavailable, "redis is a cluster that is down (CLUSTERDOWN)"},
    {"TRYAGAIN", absl::StatusCode::kAborted, "redis is moving some of the keys (TRYAGAIN)"},
    {"CROSSSLOT", absl::StatusCode::kUnavailable, "redis was not yet known to be a cluster (CROSSSLOT)"},
    {"WRONGTYPE", absl::StatusCode::kDataLoss, "a key holds something that is not ours (WRONGTYPE)"},
    {"NOSCRIPT", absl::StatusCode::kNotFound, "redis does not know the script (NOSCRIPT)"},
};

}  // namespace

std::string FormatCommand(absl::Span<const absl::string_view> arguments) {
  std::string command = absl::StrCat("*", arguments.size(), "\r\n");
  for (absl::string_view argument : arguments) {
    absl::StrAppend(&command, "$", argument.size(), "\r\n", argument, "\r\n");
  }
  return command;
}

absl::Status StatusOf(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ERROR) return absl::OkStatus();
  const absl::string_view text = TextOf(reply);
  const absl::string_view word = text.substr(0, text.find(' '));
  for (const ErrorWord& known : kErrorWords) {
    if (word == known.word) return absl::Status(known.code, known.message);
  }
  // A word in capitals is Redis's name for the error; anything else is not repeated.
  const bool named = !word.empty() && word.size() <= 32 && absl::c_all_of(word, absl::ascii_isupper);
  return absl::InternalError(absl::StrCat("redis answered with an error", named ? absl::StrCat(" (", word, ")") : ""));
}

absl::Status UnexpectedReply() { return absl::InternalError("redis answered with something unexpected"); }

}  // namespace waymark::store
