#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "segmentation/expression/format.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {
namespace {

// A short rule can make a value that is long to write; what goes beyond this is cut.
constexpr size_t kMaxSize = 64 * 1024;

std::string Quoted(absl::string_view text) { return absl::StrCat("'", absl::Utf8SafeCEscape(text), "'"); }

// With a decimal point or an exponent, so that it reads back as a double.
std::string DoubleLiteral(double number) {
  std::string text(DoubleText(number).view());
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

void Append(const Value& value, std::string& out);

void AppendList(const ListValue& list, std::string& out) {
  out += '[';
  for (size_t i = 0; i < list.elements.size() && out.size() < kMaxSize; ++i) {
    if (i > 0) out += ", ";
    Append(list.elements[i], out);
  }
  out += ']';
}

void AppendMap(const MapValue& map, std::string& out) {
  out += '{';
  for (size_t i = 0; i < map.entries.size() && out.size() < kMaxSize; ++i) {
    if (i > 0) out += ", ";
    Append(map.entries[i].first, out);
    out += ": ";
    Append(map.entries[i].second, out);
  }
  out += '}';
}

void Append(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Kind::kError:
      return absl::StrAppend(&out, "error: ", value.string_value());
    case Kind::kNull:
      return absl::StrAppend(&out, "null");
    case Kind::kBool:
      return absl::StrAppend(&out, value.bool_value() ? "true" : "false");
    case Kind::kInt:
      return absl::StrAppend(&out, value.int_value());
    case Kind::kUint:
      return absl::StrAppend(&out, value.uint_value(), "u");
    case Kind::kDouble:
      return absl::StrAppend(&out, DoubleLiteral(value.double_value()));
    case Kind::kString:
      return absl::StrAppend(&out, Quoted(value.string_value()));
    case Kind::kBytes:
      return absl::StrAppend(&out, "b'", absl::CHexEscape(value.string_value()), "'");
    case Kind::kList:
      return AppendList(value.list_value(), out);
    case Kind::kMap:
      return AppendMap(value.map_value(), out);
    case Kind::kTimestamp:
      return absl::StrAppend(&out, "timestamp('", TimestampText(value.timestamp_value()).view(), "')");
    case Kind::kDuration:
      return absl::StrAppend(&out, "duration('", DurationText(value.duration_value()).view(), "')");
    case Kind::kType:
      return absl::StrAppend(&out, KindName(value.type_value()));
  }
}

}  // namespace

std::string DebugString(const Value& value) {
  std::string out;
  Append(value, out);
  return out;
}

}  // namespace waymark::expression
