// A rule over facts, both from the input: evaluation ends, within the bound that compiling gave; evaluating again,
// sharing parts and leaving types out change nothing. The last kFactBytes bytes are the facts, the rest is the rule.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "segmentation/expression/cost.h"
#include "segmentation/expression/evaluator.h"
#include "segmentation/expression/explain.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/sharing.h"
#include "tests/fuzz/require.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

using fuzz::Require;

constexpr size_t kFactBytes = 32;

// Values of facts, as large as they may be.
class Facts {
 public:
  explicit Facts(const uint8_t* bytes) : bytes_(bytes) {}

  FakeFacts Make() {
    FakeFacts facts = ShopFacts();
    const uint8_t missing = Byte();
    Set(facts, missing & 1, "customer.age", Value::Int(Number<int64_t>()));
    Set(facts, missing & 2, "customer.country", Value::String(Text()));
    Set(facts, missing & 4, "customer.email", Value::String(Text()));
    Set(facts, missing & 8, "customer.tags", List(Byte() % (kMaxFactElements + 1)));
    Set(facts, missing & 16, "spend", Value::Double(Number<double>()));
    Set(facts, missing & 32, "orders", Value::Uint(Number<uint16_t>()));
    Set(facts, missing & 64, "any", Byte() % 2 == 0 ? List(Byte()) : Value::String(Text()));
    return facts;
  }

 private:
  static void Set(FakeFacts& facts, bool missing, absl::string_view name, const Value& value) {
    facts.Set(name, missing ? Value::Error(ErrorCode::kMissing, "") : value);
  }

  uint8_t Byte() { return bytes_[at_++ % kFactBytes]; }

  template <typename T>
  T Number() {
    std::array<uint8_t, sizeof(T)> bytes;
    for (uint8_t& byte : bytes) byte = Byte();
    T number;
    std::memcpy(&number, bytes.data(), sizeof(T));
    return number;
  }

  absl::string_view Text() {
    texts_.emplace_back(std::min<size_t>(Byte() * 2, kMaxFactTextBytes), static_cast<char>('a' + Byte() % 26));
    return texts_.back();
  }

  Value List(size_t count) {
    std::vector<Value>& elements = elements_.emplace_back();
    for (size_t i = 0; i < count; ++i) elements.push_back(Value::String(Text()));
    lists_.push_back({absl::MakeConstSpan(elements)});
    return Value::List(&lists_.back());
  }

  const uint8_t* bytes_;
  size_t at_ = 0;
  std::deque<std::string> texts_;
  std::deque<std::vector<Value>> elements_;
  std::deque<ListValue> lists_;
};

std::string Shown(const Program& program, Activation& facts) {
  Arena arena;
  return DebugString(program.Evaluate(facts, arena));
}

// Answers the slots of parts with what they give.
class WithParts : public Activation {
 public:
  static constexpr int kFirst = 1 << 20;

  explicit WithParts(Activation& facts) : facts_(facts) {}
  Value Fact(int slot) override {
    if (slot < kFirst) return facts_.Fact(slot);
    return parts[static_cast<size_t>(slot - kFirst)].Evaluate(*this, arena_);
  }

  std::vector<Program> parts;

 private:
  Activation& facts_;
  Arena arena_;
};

void RequireSharingChangesNothing(const std::string& text, const Program& program, Activation& facts) {
  WithParts frame(facts);
  const std::vector<Program> shared = ShareParts({program, program, program}, [&frame](const Program& part) {
    frame.parts.push_back(part);
    return WithParts::kFirst + static_cast<int>(frame.parts.size()) - 1;
  });
  Require(Shown(shared[2], frame) == Shown(program, facts), "sharing parts changes nothing", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kFactBytes) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size - kFactBytes);
  Facts values(data + text.size());
  FakeFacts facts = values.Make();
  const Compilation untyped = Compile(text, facts, absl::nullopt, {.check_types = false});
  if (!untyped.program) return 0;
  Arena arena;
  const int64_t steps = untyped.program->CountSteps(facts, arena);
  Require(steps <= kMaxSteps && steps <= untyped.program->cost_bound(), "evaluation stays within its bound", text);
  const std::string shown = Shown(*untyped.program, facts);
  Require(Shown(*untyped.program, facts) == shown, "evaluation gives the same again", text);
  const Compilation typed = Compile(text, facts);
  if (!typed.program) return 0;
  Require(Shown(*typed.program, facts) == shown, "types do not change values", text);
  Explain(*typed.program, facts, arena);
  if (typed.program->cost_bound() <= kMaxSteps) RequireSharingChangesNothing(text, *typed.program, facts);
  return 0;
}

}  // namespace waymark::expression
