#include "service/cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"

namespace waymark::cli {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// Makes a new file for its owner alone; `name` becomes its name.
int MakeFile(const std::string& beside, std::string* name) {
  *name = beside + "-XXXXXX";
  return ::mkostemp(name->data(), O_CLOEXEC);
}

}  // namespace

absl::Status SystemError(absl::string_view doing, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", doing, " ", path));
}

absl::Status WriteAll(int file, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = FolderOf(path);
  const int file = ::open(directory.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return SystemError("open", directory);
  const int failed = ::fsync(file);
  ::close(file);
  return failed == 0 ? absl::OkStatus() : SystemError("write", directory);
}

OutputFile::OutputFile(std::string path, std::string part, int file)
    : path_(std::move(path)), part_(std::move(part)), file_(file) {}

OutputFile::~OutputFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(part_.c_str());
}

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path) {
  if (struct stat found; ::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode))
    return absl::FailedPreconditionError(absl::StrCat(path, " is there, and no file"));
  std::string part;
  const int file = MakeFile(path + ".part", &part);
  if (file < 0) return SystemError("make a file beside", path);
  return absl::WrapUnique(new OutputFile(path, std::move(part), file));
}

absl::Status OutputFile::Write(absl::string_view bytes) {
  if (written_.ok()) written_ = WriteAll(file_, bytes, path_);
  return written_;
}

absl::Status OutputFile::Complete() {
  WAYMARK_RETURN_IF_ERROR(written_);
  if (::fsync(file_) != 0) return SystemError("write", path_);
  if (::rename(part_.c_str(), path_.c_str()) != 0) return SystemError("rename to", path_);
  ::close(std::exchange(file_, -1));
  return SyncDirectoryOf(path_);
}

SpoolFile::SpoolFile(std::string path, int file) : path_(std::move(path)), file_(file) {}

SpoolFile::~SpoolFile() { ::close(file_); }

absl::StatusOr<std::unique_ptr<SpoolFile>> SpoolFile::Create(const std::string& path) {
  std::string name;
  const int file = MakeFile(path + ".part", &name);
  if (file < 0) return SystemError("make a file beside", path);
  ::unlink(name.c_str());
  return absl::WrapUnique(new SpoolFile(path, file));
}

absl::Status SpoolFile::Write(absl::string_view bytes) { return WriteAll(file_, bytes, path_); }

absl::Status SpoolFile::ReadAll(absl::FunctionRef<absl::Status(absl::string_view)> each) const {
  std::vector<char> piece(kPieceBytes);
  for (off_t at = 0;;) {
    const ssize_t read = ::pread(file_, piece.data(), piece.size(), at);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return SystemError("read", path_);
    if (read == 0) return absl::OkStatus();
    WAYMARK_RETURN_IF_ERROR(each({piece.data(), static_cast<size_t>(read)}));
    at += read;
  }
}

}  // namespace waymark::cli
