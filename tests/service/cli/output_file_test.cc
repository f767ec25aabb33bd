#include "service/cli/output_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/service/cli/full_disk.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

class OutputFileTest : public ::testing::Test {
 protected:
  std::string Text() const {
    std::ifstream file(path_);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  int Files() const {
    int files = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(folder_.path())) ++files;
    return files;
  }

  testing_support::TempDirectory folder_;
  const std::string path_ = folder_.path() + "/out";
};

TEST_F(OutputFileTest, IsThereOnceItIsComplete) {
  auto file = OutputFile::Create(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Write("a").ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE((*file)->Write("b").ok());
  ASSERT_TRUE((*file)->Complete().ok());
  EXPECT_EQ(Text(), "ab");
  EXPECT_EQ(Files(), 1);
}

TEST_F(OutputFileTest, LeavesTheOldOneUntilThen) {
  std::ofstream(path_) << "old";
  {
    auto file = OutputFile::Create(path_);
    ASSERT_TRUE((*file)->Write("new").ok());
    EXPECT_EQ(Text(), "old");
  }
  EXPECT_EQ(Text(), "old");
  EXPECT_EQ(Files(), 1) << "what is not complete is removed";
  auto file = OutputFile::Create(path_);
  ASSERT_TRUE((*file)->Write("new").ok());
  ASSERT_TRUE((*file)->Complete().ok());
  EXPECT_EQ(Text(), "new");
}

TEST_F(OutputFileTest, SaysThatTheDiskIsFull) {
  {
    auto file = OutputFile::Create(path_);
    const testing_support::FullDisk full(1'000);
    EXPECT_TRUE((*file)->Write(std::string(900, 'x')).ok());
    const absl::Status status = (*file)->Write(std::string(900, 'x'));
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find("cannot write " + path_), absl::string_view::npos) << status;
    EXPECT_EQ((*file)->Write("x"), status) << "the last line may be unfinished";
    EXPECT_EQ((*file)->Complete(), status);
  }
  EXPECT_EQ(Files(), 0);
}

TEST_F(OutputFileTest, NeedsAPlace) {
  EXPECT_FALSE(OutputFile::Create(folder_.path() + "/nowhere/out").ok());
  EXPECT_FALSE(OutputFile::Create(folder_.path()).ok()) << "a folder";
  EXPECT_FALSE(SpoolFile::Create(folder_.path() + "/nowhere/out").ok());
}

TEST_F(OutputFileTest, SpoolsWhatComesLater) {
  auto spool = SpoolFile::Create(path_);
  ASSERT_TRUE(spool.ok()) << spool.status();
  EXPECT_EQ(Files(), 0);
  std::string wanted;
  for (int i = 0; i < 3; ++i) {
    const std::string piece(700'000, static_cast<char>('a' + i));
    ASSERT_TRUE((*spool)->Write(piece).ok());
    wanted += piece;
  }
  std::string read;
  const auto take = [&](absl::string_view piece) {
    read.append(piece.data(), piece.size());
    return absl::OkStatus();
  };
  EXPECT_TRUE((*spool)->ReadAll(take).ok());
  EXPECT_EQ(read, wanted);
  EXPECT_EQ((*spool)->ReadAll([](absl::string_view) { return absl::ResourceExhaustedError("full"); }),
            absl::ResourceExhaustedError("full"));
}

}  // namespace
}  // namespace waymark::cli
