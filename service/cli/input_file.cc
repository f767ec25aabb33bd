#include "service/cli/input_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace waymark::cli {
namespace {

constexpr unsigned kChunkBytes = 256 * 1024;

}  // namespace

InputFile::InputFile(std::string path, gzFile file, int64_t size) : path_(std::move(path)), file_(file), size_(size) {}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Open(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder"));
  }
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::ErrnoToStatus(errno == 0 ? ENOMEM : errno, path);
  gzbuffer(file, kChunkBytes);
  const uintmax_t size = std::filesystem::file_size(path, error);
  return std::unique_ptr<InputFile>(new InputFile(path, file, error ? 0 : static_cast<int64_t>(size)));
}

int64_t InputFile::offset() const { return gzoffset(file_.get()); }

// Reads more into the buffer; false at the end.
absl::StatusOr<bool> InputFile::Fill() {
  buffer_.erase(0, std::exchange(next_, 0));
  if (buffer_.size() > kMaxLineBytes) {
    return absl::OutOfRangeError(absl::StrCat(path_, ":", line_number_ + 1, ": a line longer than 1 MiB"));
  }
  const size_t before = buffer_.size();
  buffer_.resize(before + kChunkBytes);
  const int n = gzread(file_.get(), buffer_.data() + before, kChunkBytes);
  buffer_.resize(before + static_cast<size_t>(n > 0 ? n : 0));
  int code = Z_OK;
  const char* why = gzerror(file_.get(), &code);
  if (n < 0 || code != Z_OK) return absl::DataLossError(absl::StrCat(path_, ": cannot be unpacked: ", why));
  return n > 0;
}

absl::StatusOr<bool> InputFile::NextLine(std::string& line) {
  while (true) {
    const size_t end = buffer_.find('\n', next_);
    if (end != std::string::npos) {
      line.assign(buffer_, next_, end - next_);
      next_ = end + 1;
      break;
    }
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (*more) continue;
    if (next_ == buffer_.size()) return false;
    line.assign(buffer_, next_);
    next_ = buffer_.size();
    break;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  ++line_number_;
  return true;
}

}  // namespace waymark::cli
