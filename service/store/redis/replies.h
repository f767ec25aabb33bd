#ifndef WAYMARK_SERVICE_STORE_REDIS_REPLIES_H_
#define WAYMARK_SERVICE_STORE_REDIS_REPLIES_H_

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// Redis's protocol, as far as hiredis leaves it to us. Pure functions.
namespace waymark::store {

// A command as it is sent.
std::string FormatCommand(absl::Span<const absl::string_view> arguments);
inline std::string FormatCommand(std::initializer_list<absl::string_view> arguments) {
  return FormatCommand(absl::MakeConstSpan(arguments.begin(), arguments.size()));
}

// OK where the reply is not an error. UNAVAILABLE where Redis does not serve (it loads, is a replica, wants a password,
// cannot save, ...), RESOURCE_EXHAUSTED where its memory is full, DATA_LOSS where a key holds another type, NOT_FOUND
// where it does not know the script, ABORTED where it is moving some of several keys, INTERNAL anything else. Redis's
// own words, which may hold keys, are left out but for the first.
absl::Status StatusOf(const redisReply& reply);

// INTERNAL: Redis answered with something that the command cannot answer with.
absl::Status UnexpectedReply();

inline absl::string_view TextOf(const redisReply& reply) { return {reply.str, reply.len}; }
inline bool IsText(const redisReply& reply) { return reply.type == REDIS_REPLY_STRING; }
inline bool IsNil(const redisReply& reply) { return reply.type == REDIS_REPLY_NIL; }
inline bool IsArray(const redisReply& reply) { return reply.type == REDIS_REPLY_ARRAY; }
inline bool IsInteger(const redisReply& reply) { return reply.type == REDIS_REPLY_INTEGER; }

inline absl::Span<redisReply* const> ElementsOf(const redisReply& array) { return {array.element, array.elements}; }

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_REPLIES_H_
