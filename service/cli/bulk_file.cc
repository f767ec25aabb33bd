#include "service/cli/bulk_file.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/base/ids.h"
#include "service/base/status_macros.h"
#include "service/cli/decisions_json.h"
#include "service/cli/output_file.h"

namespace waymark::cli {
namespace {

constexpr size_t kIdBytes = 12;

bool Exists(const std::string& path) {
  struct stat unused;
  return ::stat(path.c_str(), &unused) == 0;
}

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest DigestOf(absl::string_view run, absl::string_view customer) {
  const std::string text = absl::StrCat(run, "/", customer);
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

uint64_t Fingerprint(const Digest& digest) {
  uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, digest.data(), sizeof(fingerprint));
  return fingerprint;
}

// Whether the open file still has this name: whoever held its lock before may have removed it.
bool HasName(int file, const std::string& path) {
  struct stat opened;
  struct stat named;
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

// The run that FILE.run names, which is begun where the file is empty: "RUN QUESTION".
absl::StatusOr<BulkFile::Found> BulkFile::Find(int file, const std::string& path, const std::string& question) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line) || in.eof()) {  // empty, or killed while it was written: nothing was asked yet
    std::string run = base::NewId();
    if (::ftruncate(file, 0) != 0) return SystemError("write", path);
    WAYMARK_RETURN_IF_ERROR(WriteAll(file, absl::StrCat(run, " ", question, "\n"), path));
    if (::fsync(file) != 0) return SystemError("write", path);
    return Found{std::move(run), false};
  }
  absl::string_view rest = line;
  const std::string run = line.substr(0, line.find(' '));
  if (!absl::ConsumePrefix(&rest, run + " ") || rest != question) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is of a run that asks something else: ", rest,
                                                      "; to begin anew, remove it and its .part"));
  }
  return Found{run, true};
}

BulkFile::BulkFile(std::string path, int lock, Found found)
    : path_(std::move(path)), lock_(lock), run_(std::move(found.run)), asked_(found.begun) {}

BulkFile::~BulkFile() {
  if (!asked_ && empty_ && part_ >= 0) {
    ::unlink((path_ + ".part").c_str());
    ::unlink((path_ + ".run").c_str());
  }
  if (part_ >= 0) ::close(part_);
  ::close(lock_);
}

absl::StatusOr<std::unique_ptr<BulkFile>> BulkFile::Open(const std::string& path, const std::string& question) {
  const std::string run_path = path + ".run";
  const int lock = ::open(run_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644);
  if (lock < 0) return SystemError("open", run_path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0 || !HasName(lock, run_path)) {
    ::close(lock);
    return absl::AbortedError(absl::StrCat("another process writes ", path));
  }
  absl::StatusOr<Found> found = absl::AlreadyExistsError(absl::StrCat(path, " is there already"));
  if (Exists(path)) {
    ::unlink(run_path.c_str());  // just made, or left by a run that was killed when it was done
  } else {
    found = Find(lock, run_path, question);
  }
  if (!found.ok()) {
    ::close(lock);
    return found.status();
  }
  std::unique_ptr<BulkFile> file(new BulkFile(path, lock, *std::move(found)));
  WAYMARK_RETURN_IF_ERROR(file->Resume());
  return file;
}

absl::Status BulkFile::Resume() {
  const std::string part_path = path_ + ".part";
  if (struct stat found; !asked_ && ::stat(part_path.c_str(), &found) == 0 && found.st_size > 0) {
    ::unlink((path_ + ".run").c_str());  // just made
    return absl::AlreadyExistsError(absl::StrCat(part_path, " is there, but not what says which run it is of"));
  }
  part_ = ::open(part_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644);
  if (part_ < 0) return SystemError("open", part_path);
  std::ifstream in(part_path);
  std::string line;
  int64_t whole = 0;
  while (std::getline(in, line) && !in.eof()) {
    const absl::optional<std::string> customer = CustomerOf(line);
    if (!customer.has_value()) break;  // a disk that lost its power: what comes after it is asked again
    known_.insert(Fingerprint(DigestOf(run_, *customer)));
    empty_ = false;
    whole += static_cast<int64_t>(line.size()) + 1;
    ++resumed_;
  }
  return ::ftruncate(part_, whole) == 0 ? SyncDirectoryOf(path_) : SystemError("write", part_path);
}

absl::optional<std::string> BulkFile::Remember(absl::string_view customer) {
  const Digest digest = DigestOf(run_, customer);
  if (!known_.insert(Fingerprint(digest)).second) return absl::nullopt;
  asked_ = true;
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), kIdBytes));
}

absl::Status BulkFile::Append(absl::string_view lines) {
  if (!written_.ok()) return written_;
  empty_ = empty_ && lines.empty();
  return written_ = WriteAll(part_, lines, path_ + ".part");
}

absl::Status BulkFile::Complete() {
  if (::fsync(part_) != 0) return SystemError("write", path_ + ".part");
  if (::rename((path_ + ".part").c_str(), path_.c_str()) != 0) return SystemError("rename to", path_);
  WAYMARK_RETURN_IF_ERROR(SyncDirectoryOf(path_));
  empty_ = false;
  if (::unlink((path_ + ".run").c_str()) != 0) return SystemError("remove", path_ + ".run");
  return absl::OkStatus();
}

}  // namespace waymark::cli
