#ifndef WAYMARK_TESTS_SUPPORT_TEMP_DIRECTORY_H_
#define WAYMARK_TESTS_SUPPORT_TEMP_DIRECTORY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace waymark::testing_support {

// A new, empty directory, removed with all that is in it when the object goes.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

  // Write a file; each gives its path.
  std::string Write(const std::string& name, absl::string_view text) const;
  std::string WriteGzip(const std::string& name, absl::string_view text) const;

 private:
  std::string path_;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_TEMP_DIRECTORY_H_
