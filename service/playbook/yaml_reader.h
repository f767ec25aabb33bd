#ifndef WAYMARK_SERVICE_PLAYBOOK_YAML_READER_H_
#define WAYMARK_SERVICE_PLAYBOOK_YAML_READER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "service/playbook/problem.h"

namespace waymark::playbook {

// A playbook's text, with what stands beside it, must fit a record of the store (2 MiB), and a message of 4 MiB with
// 2 MiB of decisions to be replayed.
inline constexpr size_t kMaxYamlBytes = size_t{7} << 18;

// Whether the text is valid UTF-8, which is what YAML and protobuf take.
bool IsUtf8(absl::string_view text);

// A place in a text; both 1-based. Columns count bytes.
struct Position {
  int line = 0;
  int column = 0;
};

// Where each field of a message stands in the text that it was read from.
class Positions {
 public:
  // `field` is a path like "segments[0].when"; where the text does not have it, the nearest enclosing one that it has.
  Position Of(absl::string_view field) const;

  // The place of line `line` and column `column` (1-based) within the scalar at `field`, as the file has it: a quoted
  // or plain scalar on one line, or a block scalar ("|", ">"); otherwise the scalar's beginning.
  Position Within(absl::string_view field, int line, int column) const;

  // A scalar that stands in no file: its places are those within itself.
  void Add(const std::string& field, absl::string_view scalar);

 private:
  friend class YamlReader;
  // From `value` (a place within the scalar's text) to the end of its line or the next run, the file has the same
  // bytes, beginning at `file`.
  struct Run {
    Position value;
    Position file;
  };
  struct Place {
    Position value;         // of the value's first character (behind a quote)
    std::vector<Run> runs;  // of a scalar, in order
  };
  absl::flat_hash_map<std::string, Place> places_;
};

// What reading a text gave. `message` holds what could be read also where there are problems, so that later checks can
// add theirs.
struct Reading {
  Positions positions;
  std::vector<Problem> problems;  // in the text's order
};

// Reads YAML (or JSON) into `message` through reflection. Keys are the proto's field names; enum values are named
// without their type's prefix ("OFFER"); durations "604800s", "90m", "12h", "7d"; timestamps RFC 3339 or a date
// "2026-01-31" (midnight UTC); maps as mappings; strings also from plain scalars such as 7 or true. Reports all of:
// broken YAML (the first, the rest cannot be known), unknown keys ("did you mean"), keys given twice, wrong types,
// numbers out of range, unknown enum values, aliases and merge keys (refused: a playbook is read from top to bottom),
// more than kMaxYamlBytes or 64 levels. At most 1,000 problems.
Reading ReadYaml(absl::string_view text, google::protobuf::Message& message);

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_YAML_READER_H_
