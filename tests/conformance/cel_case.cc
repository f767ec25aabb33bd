#include "tests/conformance/cel_case.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/parser.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/unparse.h"

namespace waymark::conformance {
namespace {

using ::nlohmann::json;
using ::waymark::expression::Activation;
using ::waymark::expression::Arena;
using ::waymark::expression::Environment;
using ::waymark::expression::FactReference;
using ::waymark::expression::Kind;
using ::waymark::expression::KindName;
using ::waymark::expression::ListValue;
using ::waymark::expression::MapValue;
using ::waymark::expression::Type;
using ::waymark::expression::Value;

// The case's bindings as variables of type dyn.
class Bindings : public Environment, public Activation {
 public:
  void Add(std::string name, const Value& value) {
    names_.push_back(std::move(name));
    values_.push_back(value);
  }

  absl::optional<FactReference> Variable(absl::string_view name) override {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) return FactReference{static_cast<int>(i), Type::Dyn()};
    }
    return absl::nullopt;
  }
  bool HasFunction(absl::string_view) const override { return false; }
  CallResult Call(absl::string_view, absl::Span<const Value>) override { return {}; }
  std::vector<std::string> Names() const override { return names_; }

  Value Fact(int slot) override { return values_[static_cast<size_t>(slot)]; }

 private:
  std::vector<std::string> names_;
  std::vector<Value> values_;
};

double DoubleOf(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

absl::optional<Value> ListOf(const json& elements, Arena& arena) {
  std::vector<Value> values;
  for (const json& element : elements) {
    const absl::optional<Value> value = ValueOf(element, arena);
    if (!value) return absl::nullopt;
    values.push_back(*value);
  }
  return Value::List(arena.New(ListValue{arena.Copy(absl::MakeConstSpan(values))}));
}

absl::optional<Value> MapOf(const json& entries, Arena& arena) {
  std::vector<std::pair<Value, Value>> values;
  for (const json& entry : entries) {
    const absl::optional<Value> key = ValueOf(entry.at(0), arena);
    const absl::optional<Value> value = ValueOf(entry.at(1), arena);
    if (!key || !value) return absl::nullopt;
    values.emplace_back(*key, *value);
  }
  return Value::Map(arena.New(MapValue{arena.Copy(absl::MakeConstSpan(values))}));
}

absl::optional<Value> TypeNamed(const std::string& name) {
  for (int kind = static_cast<int>(Kind::kNull); kind <= static_cast<int>(Kind::kType); ++kind) {
    if (name == KindName(static_cast<Kind>(kind))) return Value::Type(static_cast<Kind>(kind));
  }
  return absl::nullopt;
}

bool SameLists(const ListValue& a, const ListValue& b) {
  if (a.elements.size() != b.elements.size()) return false;
  for (size_t i = 0; i < a.elements.size(); ++i) {
    if (!Same(a.elements[i], b.elements[i])) return false;
  }
  return true;
}

bool SameMaps(const MapValue& a, const MapValue& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    bool found = false;
    for (const auto& [other_key, other_value] : b.entries) {
      found = found || (Same(key, other_key) && Same(value, other_value));
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

absl::optional<Value> ValueOf(const json& tagged, Arena& arena) {
  const std::string tag = tagged.begin().key();
  const json& content = tagged.begin().value();
  if (tag == "null") return Value();
  if (tag == "bool") return Value::Bool(content.get<bool>());
  if (tag == "int") return Value::Int(std::stoll(content.get<std::string>()));
  if (tag == "uint") return Value::Uint(std::stoull(content.get<std::string>()));
  if (tag == "double") return Value::Double(DoubleOf(content.get<std::string>()));
  if (tag == "string") return Value::String(arena.Copy(content.get<std::string>()));
  if (tag == "bytes_hex") return Value::Bytes(arena.Copy(absl::HexStringToBytes(content.get<std::string>())));
  if (tag == "list") return ListOf(content, arena);
  if (tag == "map") return MapOf(content, arena);
  if (tag == "type") return TypeNamed(content.get<std::string>());
  if (tag == "timestamp" || tag == "duration") {
    const absl::Duration duration =
        absl::Seconds(content.at(0).get<int64_t>()) + absl::Nanoseconds(content.at(1).get<int64_t>());
    return tag == "duration" ? Value::Duration(duration) : Value::Timestamp(absl::UnixEpoch() + duration);
  }
  return absl::nullopt;
}

bool Same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kDouble:
      if (std::isnan(a.double_value())) return std::isnan(b.double_value());
      return a.double_value() == b.double_value() && std::signbit(a.double_value()) == std::signbit(b.double_value());
    case Kind::kList:
      return SameLists(a.list_value(), b.list_value());
    case Kind::kMap:
      return SameMaps(a.map_value(), b.map_value());
    default:
      return Equal(a, b);
  }
}

namespace {

// The canonical text of an expression; nullopt where it does not parse, or the text is longer than a rule may be.
absl::optional<std::string> Canonical(const std::string& text, Arena& arena) {
  const expression::Parsed parsed = expression::Parse(text, arena);
  if (parsed.problem) return absl::nullopt;
  std::string canonical = expression::Unparse(parsed.ast, parsed.ast.root);
  if (canonical.size() > expression::kMaxSourceBytes) return absl::nullopt;
  return canonical;
}

absl::optional<std::string> RunText(const std::string& text, const json& test_case, Bindings& bindings, Arena& arena) {
  const json& expect = test_case.at("expect");
  const bool expects_error = expect.contains("error");
  const expression::Compilation compiled =
      expression::Compile(text, bindings, absl::nullopt, {.check_types = !test_case.at("disable_check").get<bool>()});
  if (!compiled.program) {
    if (expects_error) return absl::nullopt;
    return absl::StrCat("does not compile: ", compiled.issues[0].message, " at column ", compiled.issues[0].column);
  }
  const Value actual = compiled.program->Evaluate(bindings, arena);
  if (expects_error || actual.is_error()) {
    if (expects_error && actual.is_error()) return absl::nullopt;
    return absl::StrCat("gives ", DebugString(actual), expects_error ? " and not an error" : "");
  }
  const absl::optional<Value> expected = ValueOf(expect.at("value"), arena);
  if (!expected) return "the expected value is not understood";
  if (Same(actual, *expected)) return absl::nullopt;
  return absl::StrCat("gives ", DebugString(actual), ", expected ", DebugString(*expected));
}

absl::optional<std::string> RunOwn(const std::string& text, const json& test_case, Bindings& bindings, Arena& arena) {
  const absl::optional<std::string> canonical = Canonical(text, arena);
  if (!canonical) return absl::nullopt;
  absl::optional<std::string> wrong = RunText(*canonical, test_case, bindings, arena);
  if (wrong) return absl::StrCat("written as ", *canonical, ": ", *wrong);
  const expression::Compilation compiled = expression::Compile(text, bindings, absl::nullopt, {.check_types = false});
  if (!compiled.program) return absl::nullopt;
  const int64_t steps = compiled.program->CountSteps(bindings, arena);
  if (steps > compiled.program->cost_bound()) return absl::StrCat("takes ", steps, " steps, more than its bound");
  return absl::nullopt;
}

}  // namespace

absl::optional<std::string> RunCase(const json& test_case, bool own) {
  Arena arena;
  Bindings bindings;
  for (const auto& [name, tagged] : test_case.at("bindings").items()) {
    const absl::optional<Value> value = ValueOf(tagged, arena);
    if (!value) return absl::StrCat("the binding ", name, " is not understood");
    bindings.Add(name, *value);
  }
  const std::string text = test_case.at("expr").get<std::string>();
  if (absl::optional<std::string> wrong = RunText(text, test_case, bindings, arena)) return wrong;
  return own ? RunOwn(text, test_case, bindings, arena) : absl::nullopt;
}

}  // namespace waymark::conformance
