#ifndef WAYMARK_SERVICE_CLI_INPUT_FILE_H_
#define WAYMARK_SERVICE_CLI_INPUT_FILE_H_

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace waymark::cli {

// A file read as physical lines; gzip is seen by its content and unpacked. Single-threaded; blocks on the disk.
class InputFile {
 public:
  static constexpr size_t kMaxLineBytes = size_t{1} << 20;

  // NOT_FOUND or PERMISSION_DENIED with the path.
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const std::string& path);

  // The next line, without its line break ("\n" or "\r\n"); false at the end. An unfinished last line counts.
  // DATA_LOSS where the gzip is damaged; OUT_OF_RANGE where a line is longer than 1 MiB.
  absl::StatusOr<bool> NextLine(std::string& line);

  // The number of the line that NextLine gave last, from 1.
  int line_number() const { return line_number_; }

  // How far the file on disk was read, and its size, in bytes; for progress. The size is 0 where it is not known (a
  // pipe).
  int64_t offset() const;
  int64_t size() const { return size_; }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };

  InputFile(std::string path, gzFile file, int64_t size);
  absl::StatusOr<bool> Fill();

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  int64_t size_;
  std::string buffer_;
  size_t next_ = 0;  // in buffer_
  int line_number_ = 0;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_INPUT_FILE_H_
