#include "service/rpc/call_log.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <string>
#include <vector>

#include "service/base/log.h"
#include "service/rpc/trace_context.h"

namespace waymark::rpc {

bool CallLog::Admit(absl::Time now, int64_t& left_out) {
  absl::MutexLock lock(&mutex_);
  if (now - filled_ > options_.interval * options_.burst) {
    lines_ = options_.burst;
    filled_ = now;
  }
  while (lines_ < options_.burst && now - filled_ >= options_.interval) {
    ++lines_;
    filled_ += options_.interval;
  }
  if (lines_ == 0) {
    ++left_out_;
    return false;
  }
  if (lines_ == options_.burst) filled_ = now;
  --lines_;
  left_out = left_out_;
  left_out_ = 0;
  return true;
}

void CallLog::WriteLine(const EndedCall& call, const ServedMethod& method, absl::Time now) {
  int64_t left_out = 0;
  if (!Admit(now, left_out)) return;
  const std::string code = absl::StatusCodeToString(call.status.code());
  std::vector<base::LogField> fields = {
      {"method", method.name},
      {"code", code},
      {"seconds", std::max(absl::ToDoubleSeconds(now - call.began), 0.0)},
  };
  if (!call.status.ok()) fields.emplace_back("error", call.status.message());
  const auto& sent = call.context.client_metadata();
  if (const auto found = sent.find("traceparent"); found != sent.end()) {
    const auto trace = ParseTraceparent(absl::string_view(found->second.data(), found->second.size()));
    if (trace.has_value()) {
      fields.emplace_back("trace_id", trace->trace_id);
      fields.emplace_back("span_id", trace->span_id);
    }
  }
  if (left_out > 0) fields.emplace_back("lines_left_out", left_out);
  if (IsOurs(call.status.code())) {
    base::LogError("a call failed", fields);
  } else {
    base::LogWarning("a slow call", fields);
  }
}

}  // namespace waymark::rpc
