#include "service/playbook/yaml_scalars.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "segmentation/expression/suggestions.h"

namespace waymark::playbook::yaml {
namespace {

using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

}  // namespace

std::string Quoted(absl::string_view word) {
  if (word.size() <= 40) return absl::StrCat("\"", word, "\"");
  size_t length = 40;
  while (length > 0 && (word[length] & 0xC0) == 0x80) --length;  // never within a character
  return absl::StrCat("\"", word.substr(0, length), "…\"");
}

std::string Describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
    case Node::Kind::kScalar:
      break;
  }
  return node.quoted ? absl::StrCat("the text ", Quoted(node.text)) : Quoted(node.text);
}

namespace {

// Each parser gives the message of the problem, or "" and sets `out`.

bool IsInteger(absl::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

template <typename Integer>
std::string ParseInteger(const Node& node, Integer& out) {
  // 64-bit numbers may be quoted, as protobuf's own JSON writes them.
  if ((node.quoted && sizeof(Integer) < 8) || !IsInteger(node.text)) {
    return absl::StrCat("expected a whole number, not ", Describe(node));
  }
  absl::string_view digits = node.text;
  if (digits[0] == '+') digits.remove_prefix(1);
  if (absl::SimpleAtoi(digits, &out)) return "";
  return absl::StrCat(Quoted(node.text), " is out of range: ", std::numeric_limits<Integer>::min(), " to ",
                      std::numeric_limits<Integer>::max());
}

std::string ParseDouble(const Node& node, double limit, double& out) {
  double value = 0;
  const bool numeric = !node.text.empty() && node.text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  if (node.quoted || !numeric || !absl::SimpleAtod(node.text, &value)) {
    return absl::StrCat("expected a number, not ", Describe(node));
  }
  if (!(std::abs(value) <= limit)) return absl::StrCat(Quoted(node.text), " is out of range");
  out = value;
  return "";
}

std::string ParseBool(const Node& node, bool& out) {
  const bool yes = node.text == "true" || node.text == "True" || node.text == "TRUE";
  const bool no = node.text == "false" || node.text == "False" || node.text == "FALSE";
  if (node.quoted || (!yes && !no)) return absl::StrCat("expected true or false, not ", Describe(node));
  out = yes;
  return "";
}

// "ActionKind" -> "ACTION_KIND_".
std::string EnumPrefix(absl::string_view type) {
  std::string prefix;
  for (const char c : type) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix.push_back('_');
    prefix.push_back(absl::ascii_toupper(c));
  }
  return prefix + "_";
}

std::string ParseEnum(const Node& node, const google::protobuf::EnumDescriptor& type, const EnumValueDescriptor*& out) {
  const std::string prefix = EnumPrefix(type.name());
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    const std::string name(absl::StripPrefix(value.name(), prefix));
    if (value.number() == 0) continue;  // "unspecified" is said by leaving the key out
    if (name == node.text) {
      out = &value;
      return "";
    }
    names.push_back(name);
  }
  const std::string hint = expression::DidYouMean(absl::StripPrefix(node.text, prefix), names);
  return absl::StrCat("unknown value ", Quoted(node.text),
                      hint.empty() ? "; one of " + absl::StrJoin(names, ", ") : hint);
}

std::string ParseDuration(const Node& node, google::protobuf::Duration& out) {
  absl::Duration duration;
  int64_t days = 0;
  absl::string_view text = node.text;
  if (absl::ConsumeSuffix(&text, "d") && IsInteger(text) && absl::SimpleAtoi(text, &days)) {
    duration = days * absl::Hours(24);
  } else if (!absl::ParseDuration(node.text, &duration)) {
    return absl::StrCat("expected a duration such as 30s, 90m, 12h or 7d, not ", Describe(node));
  }
  constexpr absl::Duration kLongest = absl::Seconds(315'576'000'000);  // the message's own limit: 10,000 years
  if (duration < absl::ZeroDuration() || duration > kLongest) {
    return absl::StrCat("the duration ", Quoted(node.text), " is out of range: 0s to 10,000 years");
  }
  out.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  out.set_nanos(static_cast<int32_t>(duration / absl::Nanoseconds(1)));
  return "";
}

std::string ParseTimestamp(const Node& node, google::protobuf::Timestamp& out) {
  absl::Time time;
  const bool date = absl::ParseTime("%Y-%m-%d", node.text, absl::UTCTimeZone(), &time, nullptr);
  if (!date && !absl::ParseTime(absl::RFC3339_full, node.text, &time, nullptr)) {
    return absl::StrCat("expected a time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31, not ",
                        Describe(node));
  }
  if (time < absl::FromCivil(absl::CivilYear(1), absl::UTCTimeZone()) ||
      time >= absl::FromCivil(absl::CivilYear(10000), absl::UTCTimeZone())) {
    return absl::StrCat("the time ", Quoted(node.text), " is out of range: years 1 to 9999");
  }
  out.set_seconds(absl::ToUnixSeconds(time));
  out.set_nanos(static_cast<int32_t>((time - absl::FromUnixSeconds(out.seconds())) / absl::Nanoseconds(1)));
  return "";
}

// Sets the singular or adds to the repeated field.
template <typename Value>
void Put(Message& message, const FieldDescriptor& field, const Value& value,
         void (Reflection::*set)(Message*, const FieldDescriptor*, Value) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, Value) const) {
  (message.GetReflection()->*(field.is_repeated() ? add : set))(&message, &field, value);
}

template <typename Value, typename Parse>
std::string ParseAndPut(const Node& node, Message& message, const FieldDescriptor& field, Parse parse,
                        void (Reflection::*set)(Message*, const FieldDescriptor*, Value) const,
                        void (Reflection::*add)(Message*, const FieldDescriptor*, Value) const) {
  Value value{};
  std::string problem = parse(node, value);
  if (problem.empty()) Put(message, field, value, set, add);
  return problem;
}

}  // namespace

bool IsScalarMessage(const FieldDescriptor& field) {
  return field.message_type() == google::protobuf::Duration::descriptor() ||
         field.message_type() == google::protobuf::Timestamp::descriptor();
}

Message& Child(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  return *(field.is_repeated() ? reflection.AddMessage(&message, &field) : reflection.MutableMessage(&message, &field));
}

std::string PutScalar(const Node& node, Message& message, const FieldDescriptor& field) {
  using R = Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return ParseAndPut<int32_t>(node, message, field, ParseInteger<int32_t>, &R::SetInt32, &R::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return ParseAndPut<int64_t>(node, message, field, ParseInteger<int64_t>, &R::SetInt64, &R::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return ParseAndPut<uint32_t>(node, message, field, ParseInteger<uint32_t>, &R::SetUInt32, &R::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return ParseAndPut<uint64_t>(node, message, field, ParseInteger<uint64_t>, &R::SetUInt64, &R::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const auto parse = [](const Node& n, double& out) {
        return ParseDouble(n, std::numeric_limits<double>::max(), out);
      };
      return ParseAndPut<double>(node, message, field, parse, &R::SetDouble, &R::AddDouble);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const auto parse = [](const Node& n, float& out) {
        double value = 0;
        std::string problem = ParseDouble(n, std::numeric_limits<float>::max(), value);
        out = static_cast<float>(value);
        return problem;
      };
      return ParseAndPut<float>(node, message, field, parse, &R::SetFloat, &R::AddFloat);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return ParseAndPut<bool>(node, message, field, ParseBool, &R::SetBool, &R::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto parse = [&](const Node& n, const EnumValueDescriptor*& out) {
        return ParseEnum(n, *field.enum_type(), out);
      };
      return ParseAndPut<const EnumValueDescriptor*>(node, message, field, parse, &R::SetEnum, &R::AddEnum);
    }
    case FieldDescriptor::CPPTYPE_STRING:
      Put<std::string>(message, field, node.text, &R::SetString, &R::AddString);
      return "";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  if (!IsScalarMessage(field)) return absl::StrCat("expected a mapping, not ", Describe(node));
  if (field.message_type() == google::protobuf::Duration::descriptor()) {
    google::protobuf::Duration value;
    std::string problem = ParseDuration(node, value);
    if (problem.empty()) Child(message, field).CopyFrom(value);
    return problem;
  }
  google::protobuf::Timestamp value;
  std::string problem = ParseTimestamp(node, value);
  if (problem.empty()) Child(message, field).CopyFrom(value);
  return problem;
}

}  // namespace waymark::playbook::yaml
