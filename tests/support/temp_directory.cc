#include "tests/support/temp_directory.h"

#include <stdlib.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace waymark::testing_support {

TempDirectory::TempDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "waymark-test-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) {
    std::perror("cannot create a temporary directory");
    std::abort();
  }
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDirectory::Write(const std::string& name, absl::string_view text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string TempDirectory::WriteGzip(const std::string& name, absl::string_view text) const {
  const std::string path = path_ + "/" + name;
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

}  // namespace waymark::testing_support
