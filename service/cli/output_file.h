#ifndef WAYMARK_SERVICE_CLI_OUTPUT_FILE_H_
#define WAYMARK_SERVICE_CLI_OUTPUT_FILE_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace waymark::cli {

// A file that is whole or not there: what is written goes to a file beside it (FILE.part-XXXXXX, for its owner alone),
// which takes its name, and the place of what had it, once it is complete and on disk. Thread-compatible.
class OutputFile {
 public:
  // Where it cannot be made, the system's error.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path);
  // Removes what is not complete.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Where it cannot be written, such as to a full disk, this error is that of every later call.
  absl::Status Write(absl::string_view bytes);
  // To be called once, last.
  absl::Status Complete();

 private:
  OutputFile(std::string path, std::string part, int file);

  const std::string path_;
  const std::string part_;
  int file_;  // -1: complete
  absl::Status written_;
};

// Bytes that wait on disk until they are wanted, in a file that has no name. Thread-compatible.
class SpoolFile {
 public:
  // Beside `path`. Where it cannot be made, the system's error.
  static absl::StatusOr<std::unique_ptr<SpoolFile>> Create(const std::string& path);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  absl::Status Write(absl::string_view bytes);
  // All that was written, piece by piece of 1 MiB; ends with the first that `each` does not take.
  absl::Status ReadAll(absl::FunctionRef<absl::Status(absl::string_view)> each) const;

 private:
  SpoolFile(std::string path, int file);

  const std::string path_;
  const int file_;
};

// Of files that others write as well: `doing` and `path` are for the message.
absl::Status SystemError(absl::string_view doing, const std::string& path);
absl::Status WriteAll(int file, absl::string_view bytes, const std::string& path);
// A renamed, created or removed name is durable once its directory is.
absl::Status SyncDirectoryOf(const std::string& path);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_OUTPUT_FILE_H_
