#include "service/playbook/yaml_reader.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "segmentation/expression/suggestions.h"
#include "service/playbook/yaml_scalars.h"
#include "service/playbook/yaml_tree.h"

namespace waymark::playbook {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::OneofDescriptor;
using yaml::Node;

bool Before(const Position& a, const Position& b) { return a.line != b.line ? a.line < b.line : a.column < b.column; }

// What a field's value must look like.
absl::string_view Expected(const FieldDescriptor& field, bool element) {
  if (field.is_map() && !element) return "a mapping";
  if (field.is_repeated() && !element) return "a list";
  return field.message_type() != nullptr && !yaml::IsScalarMessage(field) ? "a mapping" : "a single value";
}

// Walks a scalar's value and its source side by side.
class Aligner {
 public:
  struct Run {
    Position value;
    Position file;
  };

  // `source` begins at the scalar's first character, which stands at `at`.
  Aligner(absl::string_view source, Position at) : source_(source), at_(at) {}

  // The places where value and source part: line breaks, folded lines, escapes.
  std::vector<Run> Align(absl::string_view value) {
    const char style = source_.empty() ? '\0' : source_[0];
    quote_ = style == '"' || style == '\'' ? style : '\0';
    if (quote_ != '\0') Advance(1);
    if (style == '|' || style == '>') SkipLine();
    for (size_t i = 0; i < value.size();) {
      if (!SkipTo(value[i])) break;
      Note();
      const size_t length = Step(value.substr(i));
      if (length == 0) break;
      for (const size_t end = i + length; i < end; ++i) {
        value_at_ = value[i] == '\n' ? Position{value_at_.line + 1, 1} : Position{value_at_.line, value_at_.column + 1};
      }
    }
    return std::move(runs_);
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  void Advance(size_t n) {
    for (; n > 0 && next_ < source_.size(); --n) {
      at_ = source_[next_++] == '\n' ? Position{at_.line + 1, 1} : Position{at_.line, at_.column + 1};
    }
  }
  void SkipLine() {
    while (next_ < source_.size() && source_[next_] != '\n') Advance(1);
    Advance(1);
  }
  char Peek(size_t ahead = 0) const { return next_ + ahead < source_.size() ? source_[next_ + ahead] : '\0'; }

  // To the source of `wanted`: past indentation, folded breaks and continued lines. False where the source does not
  // have it.
  bool SkipTo(char wanted) {
    while (quote_ == '"' && Peek() == '\\' && (Peek(1) == '\n' || Peek(1) == '\r')) Advance(2);
    if (IsSpace(wanted)) return true;
    while (IsSpace(Peek())) Advance(1);
    return next_ < source_.size();
  }

  // Begins a run where the place in the file is not the last run's, continued.
  void Note() {
    if (!runs_.empty()) {
      const Run& last = runs_.back();
      const bool same = last.value.line == value_at_.line && last.file.line == at_.line &&
                        at_.column - last.file.column == value_at_.column - last.value.column;
      if (same) return;
    }
    runs_.push_back({value_at_, at_});
  }

  // Passes the source of the first character of `value`; how many bytes of the value it stood for, 0 where they do not
  // agree.
  size_t Step(absl::string_view value) {
    const char c = value[0];
    if (quote_ == '"' && Peek() == '\\') {
      const char kind = Peek(1);
      Advance(kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2);
      return std::min(yaml::Utf8Length(value), value.size());
    }
    if (IsSpace(c)) {  // a folded break gives a space, or nothing here and more lines below
      if (Peek() == '\r') Advance(1);
      if (IsSpace(Peek())) Advance(1);
      return 1;
    }
    if (Peek() != c) return 0;
    Advance(quote_ == '\'' && c == '\'' ? 2 : 1);
    return 1;
  }

  absl::string_view source_;
  Position at_;  // of source_[next_]
  size_t next_ = 0;
  char quote_ = '\0';
  Position value_at_{1, 1};
  std::vector<Run> runs_;
};

}  // namespace

// Reads one text. Single use.
class YamlReader {
 public:
  explicit YamlReader(absl::string_view text) : text_(text) {}

  Reading Read(Message& message) {
    std::vector<Problem> broken = yaml::CheckCharacters(text_);
    Node root;
    if (broken.empty()) broken = yaml::ParseTree(text_, root);
    if (!broken.empty()) return {{}, std::move(broken)};
    Place("", root);
    if (root.kind == Node::Kind::kMap && root.refused == nullptr) {
      ReadMessage(root, "", message);
    } else {
      Refuse("", root.at, root.refused != nullptr ? root.refused : "expected a mapping, not " + yaml::Describe(root));
    }
    std::stable_sort(reading_.problems.begin(), reading_.problems.end(), [](const Problem& a, const Problem& b) {
      return Before({a.line, a.column}, {b.line, b.column});
    });
    return std::move(reading_);
  }

 private:
  using Seen = absl::flat_hash_map<absl::string_view, int>;  // keys of one mapping, with the line of each

  void Refuse(absl::string_view field, Position at, std::string message) {
    if (reading_.problems.size() >= kMaxProblems) return;
    reading_.problems.push_back({std::string(field), at.line, at.column, std::move(message)});
  }

  // Remembers where `path` stands.
  void Place(const std::string& path, const Node& node) {
    Positions::Place& place = reading_.positions.places_[path];
    place.value = node.at;
    if (node.kind != Node::Kind::kScalar) return;
    for (const Aligner::Run& run : Aligner(text_.substr(node.offset), node.at).Align(node.text)) {
      place.runs.push_back({run.value, run.file});
    }
    if (!place.runs.empty()) place.value = place.runs.front().file;
  }

  // False, and a problem, where `key` cannot be one.
  bool AcceptKey(const Node& key, const std::string& path, Seen& seen) {
    if (key.refused != nullptr) return Refuse(path, key.at, key.refused), false;
    if (key.kind != Node::Kind::kScalar) {
      return Refuse(path, key.at, "expected a key, not " + yaml::Describe(key)), false;
    }
    if (key.text == "<<" && !key.quoted)
      return Refuse(path, key.at, "merge keys (<<) are not read: write the values out"), false;
    const auto [first, inserted] = seen.emplace(key.text, key.at.line);
    if (inserted) return true;
    Refuse(Join(path, key.text), key.at,
           absl::StrCat(yaml::Quoted(key.text), " is given twice (first on line ", first->second, ")"));
    return false;
  }

  static std::string Join(const std::string& path, absl::string_view key) {
    return path.empty() ? std::string(key) : absl::StrCat(path, ".", key);
  }

  void ReadMessage(const Node& map, const std::string& path, Message& message) {
    Seen seen;
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const Node& key = map.items[i];
      if (!AcceptKey(key, path, seen)) continue;
      const std::string field_path = Join(path, key.text);
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key.text);
      if (field == nullptr) {
        Refuse(field_path, key.at, UnknownKey(key.text, *message.GetDescriptor()));
      } else if (CheckOneof(*field, key, field_path, message)) {
        ReadField(key, map.items[i + 1], field_path, message, *field);
      }
    }
  }

  static std::string UnknownKey(absl::string_view key, const Descriptor& type) {
    std::vector<std::string> names;
    names.reserve(type.field_count());
    for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
    const std::string hint = expression::DidYouMean(key, names);
    return absl::StrCat("unknown key ", yaml::Quoted(key),
                        hint.empty() ? "; known are " + absl::StrJoin(names, ", ") : hint);
  }

  // Of the fields of a oneof only one may be given.
  bool CheckOneof(const FieldDescriptor& field, const Node& key, const std::string& path, const Message& message) {
    const OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof == nullptr || !message.GetReflection()->HasOneof(message, oneof)) return true;
    const FieldDescriptor* other = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
    Refuse(path, key.at, absl::StrCat("only one of \"", other->name(), "\" and \"", field.name(), "\" may be given"));
    return false;
  }

  void ReadField(const Node& key, const Node& value, const std::string& path, Message& message,
                 const FieldDescriptor& field) {
    const bool absent = value.kind == Node::Kind::kNull && value.refused == nullptr;
    if (absent) {  // its own place is that of whatever comes next
      reading_.positions.places_[path].value = key.at;
      // A list whose elements are all commented out is an empty list; any other key without a value is a slip.
      if (!field.is_repeated())
        Refuse(path, key.at, absl::StrCat("expected ", Expected(field, false), ", not nothing"));
      return;
    }
    Place(path, value);
    if (value.refused != nullptr) return Refuse(path, value.at, value.refused);
    if (field.is_map()) return ReadMap(value, path, message, field);
    if (!field.is_repeated()) return ReadValue(value, path, message, field);
    if (value.kind != Node::Kind::kList) return Refuse(path, value.at, "expected a list, not " + yaml::Describe(value));
    for (size_t i = 0; i < value.items.size(); ++i) {
      const std::string element = absl::StrCat(path, "[", i, "]");
      Place(element, value.items[i]);
      ReadValue(value.items[i], element, message, field);
    }
  }

  // One value of the field: the only one, or an element. An element that cannot be read is there, empty, so that
  // indices are the text's.
  void ReadValue(const Node& value, const std::string& path, Message& message, const FieldDescriptor& field) {
    const bool nested = field.message_type() != nullptr && !yaml::IsScalarMessage(field);
    if (nested && value.kind == Node::Kind::kMap && value.refused == nullptr) {
      return ReadMessage(value, path, yaml::Child(message, field));
    }
    std::string problem;
    if (value.refused != nullptr) {
      problem = value.refused;
    } else if (nested || value.kind != Node::Kind::kScalar) {
      problem = absl::StrCat("expected ", Expected(field, true), ", not ", yaml::Describe(value));
    } else {
      problem = yaml::PutScalar(value, message, field);
    }
    if (problem.empty()) return;
    if (field.is_repeated() && field.message_type() != nullptr) yaml::Child(message, field);
    Refuse(path, value.at, std::move(problem));
  }

  // A map field is a list of entries with a key and a value.
  void ReadMap(const Node& map, const std::string& path, Message& message, const FieldDescriptor& field) {
    if (map.kind != Node::Kind::kMap) return Refuse(path, map.at, "expected a mapping, not " + yaml::Describe(map));
    Seen seen;
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      const Node& key = map.items[i];
      const Node& value = map.items[i + 1];
      if (!AcceptKey(key, path, seen)) continue;
      const std::string entry_path = Join(path, key.text);
      Message& entry = yaml::Child(message, field);
      std::string problem = yaml::PutScalar(key, entry, *field.message_type()->map_key());
      if (!problem.empty()) {
        Refuse(entry_path, key.at, std::move(problem));
        message.GetReflection()->RemoveLast(&message, &field);
        continue;
      }
      ReadField(key, value, entry_path, entry, *field.message_type()->map_value());
    }
  }

  absl::string_view text_;
  Reading reading_;
};

Position Positions::Of(absl::string_view field) const {
  while (true) {
    if (const auto place = places_.find(field); place != places_.end()) return place->second.value;
    if (field.empty()) return {};
    const size_t end = field.find_last_of(".[");
    field = field.substr(0, end == absl::string_view::npos ? 0 : end);
  }
}

void Positions::Add(const std::string& field, absl::string_view scalar) {
  Place& place = places_[field];
  place = {.value = {1, 1}, .runs = {{{1, 1}, {1, 1}}}};
  int line = 1;
  for (char c : scalar) {
    if (c == '\n') place.runs.push_back({{++line, 1}, {line, 1}});
  }
}

Position Positions::Within(absl::string_view field, int line, int column) const {
  const auto place = places_.find(field);
  if (place == places_.end() || place->second.runs.empty()) return Of(field);
  const std::vector<Run>& runs = place->second.runs;
  const Position wanted{line, column};
  const auto after = std::upper_bound(runs.begin(), runs.end(), wanted,
                                      [](const Position& a, const Run& run) { return Before(a, run.value); });
  if (after == runs.begin()) return place->second.value;
  const Run& run = *std::prev(after);
  if (run.value.line != line) return run.file;  // past what the scalar has
  return {run.file.line, run.file.column + column - run.value.column};
}

Reading ReadYaml(absl::string_view text, google::protobuf::Message& message) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");  // a byte order mark
  return YamlReader(text).Read(message);
}

}  // namespace waymark::playbook
