#include "segmentation/expression/string_functions.h"

#include <memory>

#include "absl/strings/match.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

constexpr int64_t kPatternMemoryBytes = 1 << 20;

re2::StringPiece Piece(absl::string_view text) { return re2::StringPiece(text.data(), text.size()); }

Value BadPattern() { return Value::Error(ErrorCode::kBadArgument, "the regular expression is not valid"); }

}  // namespace

Value SizeOfString(const CallContext&, const Value* arguments) {
  return Value::Int(CountCodePoints(arguments[0].string_value()));
}

Value SizeOfBytes(const CallContext&, const Value* arguments) {
  return Value::Int(static_cast<int64_t>(arguments[0].string_value().size()));
}

Value SizeOfList(const CallContext&, const Value* arguments) {
  return Value::Int(static_cast<int64_t>(arguments[0].list_value().elements.size()));
}

Value SizeOfMap(const CallContext&, const Value* arguments) {
  return Value::Int(static_cast<int64_t>(arguments[0].map_value().entries.size()));
}

Value Contains(const CallContext&, const Value* arguments) {
  return Value::Bool(absl::StrContains(arguments[0].string_value(), arguments[1].string_value()));
}

Value StartsWith(const CallContext&, const Value* arguments) {
  return Value::Bool(absl::StartsWith(arguments[0].string_value(), arguments[1].string_value()));
}

Value EndsWith(const CallContext&, const Value* arguments) {
  return Value::Bool(absl::EndsWith(arguments[0].string_value(), arguments[1].string_value()));
}

Value Matches(const CallContext& context, const Value* arguments) {
  const re2::StringPiece text = Piece(arguments[0].string_value());
  if (context.prepared != nullptr) {
    if (context.prepared->pattern == nullptr) return BadPattern();
    return Value::Bool(RE2::PartialMatch(text, *context.prepared->pattern));
  }
  context.steps -= kStepsPerPattern;
  if (context.steps < 0) return Value();
  const std::unique_ptr<const RE2> pattern = CompilePattern(arguments[1].string_value());
  return pattern == nullptr ? BadPattern() : Value::Bool(RE2::PartialMatch(text, *pattern));
}

std::unique_ptr<const RE2> CompilePattern(absl::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryBytes);
  auto compiled = std::make_unique<const RE2>(Piece(pattern), options);
  return compiled->ok() ? std::move(compiled) : nullptr;
}

}  // namespace waymark::expression
