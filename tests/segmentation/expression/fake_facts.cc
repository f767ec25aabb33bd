#include "tests/segmentation/expression/fake_facts.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::expression {

int FakeFacts::Add(absl::string_view name, Type type, const Value& value) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].name == name) {
      slots_[i].value = value;
      return static_cast<int>(i);
    }
  }
  slots_.push_back({std::string(name), std::move(type), value, absl::StrCat(name, " is not known")});
  return static_cast<int>(slots_.size() - 1);
}

FakeFacts& FakeFacts::Declare(absl::string_view name, Type type) {
  Add(name, std::move(type), Value::Error(ErrorCode::kMissing, ""));
  return *this;
}

FakeFacts& FakeFacts::Set(absl::string_view name, const Value& value) {
  Add(name, Type::Dyn(), value);
  return *this;
}

FakeFacts& FakeFacts::SetCount(absl::string_view event, absl::Duration window, int64_t count) {
  Add(absl::StrCat("count ", event, " ", absl::FormatDuration(window)), Type::Of(Kind::kInt), Value::Int(count));
  return *this;
}

absl::optional<FactReference> FakeFacts::Variable(absl::string_view name) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].name == name) return FactReference{static_cast<int>(i), slots_[i].type};
  }
  return absl::nullopt;
}

Environment::CallResult FakeFacts::Call(absl::string_view name, absl::Span<const Value> arguments) {
  if (arguments.size() != 2) return {absl::nullopt, {absl::StrCat(name, "() takes an event and a window"), -1}};
  if (arguments[0].kind() != Kind::kString) return {absl::nullopt, {"the event must be a name in quotes", 0}};
  if (arguments[1].kind() != Kind::kDuration)
    return {absl::nullopt, {"the window must be a duration, as in days(30)", 1}};
  const std::string key =
      absl::StrCat("count ", arguments[0].string_value(), " ", absl::FormatDuration(arguments[1].duration_value()));
  const absl::optional<FactReference> known = Variable(key);
  if (known) return {known, {}};
  return {FactReference{Add(key, Type::Of(Kind::kInt), Value::Int(0)), Type::Of(Kind::kInt)}, {}};
}

std::vector<std::string> FakeFacts::Names() const {
  std::vector<std::string> names = {"count"};
  for (const Slot& slot : slots_) names.push_back(slot.name);
  return names;
}

Value FakeFacts::Fact(int slot) {
  ++reads_;
  const Slot& found = slots_[static_cast<size_t>(slot)];
  const bool missing = found.value.is_error() && found.value.error_code() == ErrorCode::kMissing;
  return missing ? Value::Error(ErrorCode::kMissing, found.missing) : found.value;
}

FakeFacts ShopFacts() {
  static const Value kTags[] = {Value::String("new"), Value::String("vip")};
  static const ListValue kTagList{kTags};
  static const std::pair<Value, Value> kEntries[] = {{Value::String("page"), Value::String("cart")},
                                                     {Value::String("items"), Value::Int(3)}};
  static const MapValue kContext{kEntries};
  FakeFacts facts;
  facts.Declare("customer.age", Type::Of(Kind::kInt)).Set("customer.age", Value::Int(42));
  facts.Declare("customer.country", Type::Of(Kind::kString)).Set("customer.country", Value::String("AT"));
  facts.Declare("customer.email", Type::Of(Kind::kString));
  facts.Declare("customer.tags", Type::ListOf(Type::Of(Kind::kString))).Set("customer.tags", Value::List(&kTagList));
  facts.Declare("spend", Type::Of(Kind::kDouble)).Set("spend", Value::Double(812.5));
  facts.Declare("orders", Type::Of(Kind::kUint)).Set("orders", Value::Uint(7));
  facts.Declare("now", Type::Of(Kind::kTimestamp)).Set("now", Value::Timestamp(absl::FromUnixSeconds(1709208000)));
  facts.Declare("context", Type::MapOf(Type::Of(Kind::kString), Type::Dyn())).Set("context", Value::Map(&kContext));
  facts.Declare("broken", Type::Of(Kind::kInt)).Set("broken", Value::Error(ErrorCode::kOverflow, "too much"));
  facts.Declare("any", Type::Dyn()).Set("any", Value::Int(5));
  facts.SetCount("purchase", absl::Hours(24 * 30), 3);
  return facts;
}

std::string Evaluated(absl::string_view rule, FakeFacts& facts, const CompileOptions& options) {
  const Compilation compiled = Compile(rule, facts, absl::nullopt, options);
  if (!compiled.program) return absl::StrCat("issue: ", compiled.issues[0].message);
  Arena arena;
  return DebugString(compiled.program->Evaluate(facts, arena));
}

std::string Evaluated(absl::string_view rule) {
  FakeFacts facts = ShopFacts();
  return Evaluated(rule, facts);
}

}  // namespace waymark::expression
