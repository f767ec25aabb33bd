#include "service/cli/joins.h"

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace waymark::cli {

absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(const std::string& folder, const std::string& file,
                                                    playbook::v1::FileFormat format, const std::string& delimiter,
                                                    std::vector<std::string> wanted) {
  const std::string path = (std::filesystem::path(folder) / file).string();
  if (format == playbook::v1::FILE_FORMAT_JSON_LINES) return OpenJsonLines(path, std::move(wanted));
  return OpenCsv(path, delimiter.empty() ? ',' : delimiter[0], wanted);
}

absl::StatusOr<JoinTable> JoinTable::Load(const std::string& folder, const playbook::v1::Join& join) {
  std::vector<std::string> wanted = {join.foreign_key().empty() ? join.key() : join.foreign_key()};
  wanted.insert(wanted.end(), join.columns().begin(), join.columns().end());
  absl::StatusOr<std::unique_ptr<RowReader>> reader =
      OpenRows(folder, join.file(), join.format(), join.delimiter(), std::move(wanted));
  if (!reader.ok()) return reader.status();
  JoinTable table;
  table.columns_ = static_cast<size_t>(join.columns_size());
  Row row;
  while (true) {
    absl::StatusOr<bool> any = (*reader)->Next(row);
    if (!any.ok()) return any.status();
    if (!*any) return table;
    const auto refuse = [&](absl::string_view why) {
      return absl::InvalidArgumentError(absl::StrCat(join.file(), ":", row.line, ": ", why));
    };
    if (!row.refusal.empty()) return refuse(row.refusal);
    std::string key = std::move(row.cells[0]);
    row.cells.erase(row.cells.begin());
    if (!table.rows_.emplace(std::move(key), std::move(row.cells)).second) return refuse("its key came before");
  }
}

void JoinTable::Append(const std::string& key, std::vector<std::string>& texts) const {
  const auto row = rows_.find(key);
  if (row == rows_.end()) {
    texts.resize(texts.size() + columns_);
  } else {
    texts.insert(texts.end(), row->second.begin(), row->second.end());
  }
}

}  // namespace waymark::cli
