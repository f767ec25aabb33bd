#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/cli/input_file.h"
#include "service/cli/row_reader.h"

namespace waymark::cli {
namespace {

using nlohmann::json;

// A plain value's text; "" for null and for what is not plain.
std::string PlainText(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  return "";
}

std::string Text(const json& value) {
  if (!value.is_array()) return PlainText(value);
  std::string text;
  for (const json& element : value) absl::StrAppend(&text, text.empty() ? "" : ";", PlainText(element));
  return text;
}

// The value at `path`, whose dots separate members or belong to a member's own name; nullptr where there is none.
const json* Find(const json& object, absl::string_view path) {
  if (!object.is_object()) return nullptr;
  const auto whole = object.find(std::string(path));
  if (whole != object.end()) return &*whole;
  for (size_t dot = path.find('.'); dot != absl::string_view::npos; dot = path.find('.', dot + 1)) {
    const auto member = object.find(std::string(path.substr(0, dot)));
    if (member == object.end()) continue;
    if (const json* found = Find(*member, path.substr(dot + 1)); found != nullptr) return found;
  }
  return nullptr;
}

class JsonLinesReader : public RowReader {
 public:
  JsonLinesReader(std::unique_ptr<InputFile> file, std::vector<std::string> wanted)
      : file_(std::move(file)), wanted_(std::move(wanted)) {}

  absl::StatusOr<bool> Next(Row& row) override {
    std::string line;
    do {
      absl::StatusOr<bool> any = file_->NextLine(line);
      if (!any.ok() || !*any) return any;
    } while (line.find_first_not_of(" \t") == std::string::npos);
    row = {file_->line_number(), {}, ""};
    const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      row.refusal = object.is_discarded() ? "this is not JSON" : "this is not a JSON object";
      return true;
    }
    for (const std::string& column : wanted_) {
      const json* value = Find(object, column);
      row.cells.push_back(value == nullptr ? "" : Text(*value));
    }
    return true;
  }

  double fraction() const override {
    return file_->size() == 0 ? 0.0 : static_cast<double>(file_->offset()) / static_cast<double>(file_->size());
  }

 private:
  std::unique_ptr<InputFile> file_;
  std::vector<std::string> wanted_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenJsonLines(const std::string& path, std::vector<std::string> wanted) {
  absl::StatusOr<std::unique_ptr<InputFile>> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  return std::make_unique<JsonLinesReader>(*std::move(file), std::move(wanted));
}

}  // namespace waymark::cli
