#include <csv.h>

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/cli/input_file.h"
#include "service/cli/row_reader.h"

namespace waymark::cli {
namespace {

constexpr size_t kMaxRowBytes = 256 * 1024;

// libcsv's parser, fed with physical lines. Strict: a quote where none may be is an error, not a guess.
class LineParser {
 public:
  enum class State { kBetweenRows, kWithinRow, kRow, kBroken };

  explicit LineParser(char delimiter) : delimiter_(delimiter) { Begin(); }
  ~LineParser() { csv_free(&parser_); }
  LineParser(const LineParser&) = delete;
  LineParser& operator=(const LineParser&) = delete;

  // Feeds one line. After kRow the row's fields can be taken; after kBroken the parser begins anew.
  State Feed(const std::string& line) {
    if (!Parse(line.data(), line.size()) || !Parse("\n", 1)) {
      Reset();
      return State::kBroken;
    }
    if (complete_) return State::kRow;
    return parser_.pstate == 0 ? State::kBetweenRows : State::kWithinRow;  // libcsv's ROW_NOT_BEGUN
  }

  std::vector<std::string> TakeFields() {
    complete_ = false;
    return std::exchange(fields_, {});
  }

  void Reset() {
    csv_free(&parser_);
    Begin();
  }

 private:
  void Begin() {
    csv_init(&parser_, CSV_STRICT);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter_));
    TakeFields();
  }
  bool Parse(const char* data, size_t size) { return csv_parse(&parser_, data, size, &OnField, &OnRow, this) == size; }
  static void OnField(void* data, size_t size, void* self) {
    static_cast<LineParser*>(self)->fields_.emplace_back(size == 0 ? "" : static_cast<const char*>(data), size);
  }
  static void OnRow(int, void* self) { static_cast<LineParser*>(self)->complete_ = true; }

  char delimiter_;
  csv_parser parser_;
  std::vector<std::string> fields_;
  bool complete_ = false;
};

class CsvReader : public RowReader {
 public:
  CsvReader(std::unique_ptr<InputFile> file, char delimiter) : file_(std::move(file)), parser_(delimiter) {}

  absl::Status ReadHeader(const std::string& path, const std::vector<std::string>& wanted) {
    Row header;
    absl::StatusOr<bool> any = NextFields(header);
    if (!any.ok()) return any.status();
    if (!*any) return absl::InvalidArgumentError(absl::StrCat(path, ": there is no header line"));
    if (!header.refusal.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", header.line, ": ", header.refusal));
    }
    if (absl::StartsWith(header.cells[0], "\xEF\xBB\xBF")) header.cells[0].erase(0, 3);  // a byte order mark
    width_ = header.cells.size();
    for (const std::string& name : wanted) {
      size_t found = width_;
      for (size_t i = 0; i < width_; ++i) {
        if (header.cells[i] != name) continue;
        if (found != width_) {
          return absl::InvalidArgumentError(absl::StrCat(path, ": the column \"", name, "\" is there twice"));
        }
        found = i;
      }
      if (found == width_) return absl::InvalidArgumentError(absl::StrCat(path, ": there is no column \"", name, "\""));
      wanted_.push_back(found);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row& row) override {
    Row fields;
    absl::StatusOr<bool> any = NextFields(fields);
    if (!any.ok() || !*any) return any;
    row.line = fields.line;
    row.refusal = std::move(fields.refusal);
    row.cells.clear();
    if (row.refusal.empty() && fields.cells.size() != width_) {
      row.refusal = absl::StrCat("has ", fields.cells.size(), " fields where the header has ", width_);
    }
    if (!row.refusal.empty()) return true;
    for (const size_t i : wanted_) row.cells.push_back(fields.cells[i]);
    return true;
  }

  double fraction() const override {
    return file_->size() == 0 ? 0.0 : static_cast<double>(file_->offset()) / static_cast<double>(file_->size());
  }

 private:
  struct Line {
    int number = 0;
    std::string text;
  };

  // Lines that were taken back after a broken row come first.
  absl::StatusOr<bool> NextLine(Line& line) {
    if (returned_.empty()) {
      absl::StatusOr<bool> any = file_->NextLine(line.text);
      line.number = file_->line_number();
      return any;
    }
    line = std::move(returned_.back());
    returned_.pop_back();
    return true;
  }

  // Refuses the line on which the row began and goes on with the one after it: a quote that never ends costs one line,
  // not the file.
  void Refuse(std::vector<Line> lines, const char* why, Row& row) {
    parser_.Reset();
    row.line = lines.front().number;
    row.refusal = why;
    for (size_t i = lines.size(); i > 1; --i) returned_.push_back(std::move(lines[i - 1]));
  }

  absl::StatusOr<bool> NextFields(Row& row) {
    std::vector<Line> lines;  // of this row
    size_t bytes = 0;
    while (true) {
      Line line;
      absl::StatusOr<bool> any = NextLine(line);
      if (!any.ok()) return any.status();
      if (!*any && lines.empty()) return false;
      if (!*any) {
        Refuse(std::move(lines), "a quoted field begins here and never ends", row);
        return true;
      }
      const LineParser::State state = parser_.Feed(line.text);
      if (state == LineParser::State::kBetweenRows) continue;  // an empty line
      bytes += line.text.size();
      lines.push_back(std::move(line));
      if (state == LineParser::State::kBroken) {
        Refuse(std::move(lines), "a quote stands where none may be", row);
        return true;
      }
      if (state == LineParser::State::kRow) {
        row.line = lines.front().number;
        row.cells = parser_.TakeFields();
        return true;
      }
      if (bytes > kMaxRowBytes) {
        Refuse(std::move(lines), "a quoted field begins here and does not end within 256 KiB", row);
        return true;
      }
    }
  }

  std::unique_ptr<InputFile> file_;
  LineParser parser_;
  size_t width_ = 0;
  std::vector<size_t> wanted_;
  std::vector<Line> returned_;  // the next one last
};

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenCsv(const std::string& path, char delimiter,
                                                   const std::vector<std::string>& wanted) {
  absl::StatusOr<std::unique_ptr<InputFile>> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  auto reader = std::make_unique<CsvReader>(*std::move(file), delimiter);
  absl::Status status = reader->ReadHeader(path, wanted);
  if (!status.ok()) return status;
  return reader;
}

}  // namespace waymark::cli
