#ifndef WAYMARK_SERVICE_CLI_ROW_READER_H_
#define WAYMARK_SERVICE_CLI_ROW_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace waymark::cli {

// One line's texts.
struct Row {
  int line = 0;                    // the physical line where it begins, from 1
  std::vector<std::string> cells;  // one a wanted column; "" where the line has none
  std::string refusal;             // why it cannot be read, then `cells` is empty; "" where it was
};

// A file of rows. Single-threaded; blocks on the disk.
class RowReader {
 public:
  virtual ~RowReader() = default;

  // The next row; false at the end. A row that is broken comes with its refusal; a status says that the file cannot be
  // read on.
  virtual absl::StatusOr<bool> Next(Row& row) = 0;

  // How far the file on disk was read, 0 to 1; 0 where its size is not known.
  virtual double fraction() const = 0;
};

// Opens a CSV file and finds the `wanted` columns in its header line. INVALID_ARGUMENT where a column is not there, or
// is there twice.
absl::StatusOr<std::unique_ptr<RowReader>> OpenCsv(const std::string& path, char delimiter,
                                                   const std::vector<std::string>& wanted);

// Opens a file of JSON objects, one a line. A wanted column is a member, or a path of members ("properties.price").
absl::StatusOr<std::unique_ptr<RowReader>> OpenJsonLines(const std::string& path, std::vector<std::string> wanted);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_ROW_READER_H_
