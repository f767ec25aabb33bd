#ifndef WAYMARK_SERVICE_CLI_JOINS_H_
#define WAYMARK_SERVICE_CLI_JOINS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "service/cli/row_reader.h"
#include "waymark/playbook/v1/import_mapping.pb.h"

namespace waymark::cli {

// Opens a source's or a join's file, relative to `folder`.
absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(const std::string& folder, const std::string& file,
                                                    playbook::v1::FileFormat format, const std::string& delimiter,
                                                    std::vector<std::string> wanted);

// Another file's columns by its key, in memory. Immutable once loaded.
class JoinTable {
 public:
  // Reads the whole file. INVALID_ARGUMENT where a line of it cannot be read or its key came before: a table that is
  // wrong would make wrong lines of every line that it is joined to.
  static absl::StatusOr<JoinTable> Load(const std::string& folder, const playbook::v1::Join& join);

  // Appends the texts of the columns for `key`; empty ones where it is not there.
  void Append(const std::string& key, std::vector<std::string>& texts) const;

 private:
  size_t columns_ = 0;
  absl::flat_hash_map<std::string, std::vector<std::string>> rows_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOINS_H_
