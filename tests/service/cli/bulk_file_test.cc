#include "service/cli/bulk_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/service/cli/full_disk.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::UnorderedElementsAre;
using testing_support::FullDisk;

constexpr char kQuestion[] = "what? of all";

std::string Line(const std::string& customer) { return absl::StrCat("{\"customer\":\"", customer, "\"}\n"); }

class BulkFileTest : public testing::Test {
 protected:
  std::unique_ptr<BulkFile> Open(const std::string& question = kQuestion) {
    absl::StatusOr<std::unique_ptr<BulkFile>> file = BulkFile::Open(path_, question);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }
  absl::Status Refused(const std::string& question = kQuestion) { return BulkFile::Open(path_, question).status(); }

  // A run that decided for these and was then killed: of what destructors do nothing is seen.
  void Killed(const std::vector<std::string>& customers, const std::string& more = "") {
    std::unique_ptr<BulkFile> file = Open();
    for (const std::string& customer : customers) {
      EXPECT_TRUE(file->Remember(customer).has_value()) << customer;
      EXPECT_TRUE(file->Append(Line(customer)).ok());
    }
    EXPECT_TRUE(file->Append(more).ok());
  }

  static std::string Read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const testing_support::TempDirectory folder_;
  const std::string path_ = folder_.path() + "/out.jsonl";
  const std::string part_ = path_ + ".part";
  const std::string run_ = path_ + ".run";
};

TEST_F(BulkFileTest, RemembersEachCustomerOnce) {
  const auto file = Open();
  EXPECT_EQ(file->resumed(), 0);
  EXPECT_THAT(*file->Remember("a"), MatchesRegex("[0-9a-f]{24}"));
  EXPECT_FALSE(file->Remember("a").has_value());
  EXPECT_TRUE(file->Remember("b").has_value());
}

TEST_F(BulkFileTest, HasEveryLineAndNothingBesideIt) {
  const auto file = Open();
  EXPECT_THAT(Names(), UnorderedElementsAre("out.jsonl.part", "out.jsonl.run"));
  ASSERT_TRUE(file->Remember("a").has_value());
  ASSERT_TRUE(file->Append(Line("a") + Line("b")).ok());
  EXPECT_EQ(Read(part_), Line("a") + Line("b")) << "handed to the operating system at once";
  ASSERT_TRUE(file->Append(Line("c")).ok());
  ASSERT_TRUE(file->Complete().ok());
  EXPECT_THAT(Names(), ElementsAre("out.jsonl"));
  EXPECT_EQ(Read(path_), Line("a") + Line("b") + Line("c"));
}

TEST_F(BulkFileTest, OfNobodyIsEmpty) {
  ASSERT_TRUE(Open()->Complete().ok());
  EXPECT_THAT(Names(), ElementsAre("out.jsonl"));
  EXPECT_EQ(Read(path_), "");
}

TEST_F(BulkFileTest, GoesOnWithThoseWhoHaveNoLine) {
  std::string of_c;
  {
    const auto file = Open();
    for (const char* customer : {"a", "b"}) {
      ASSERT_TRUE(file->Remember(customer).has_value());
      ASSERT_TRUE(file->Append(Line(customer)).ok());
    }
    of_c = *file->Remember("c");
  }
  const auto file = Open();
  EXPECT_EQ(file->resumed(), 2);
  EXPECT_FALSE(file->Remember("a").has_value());
  EXPECT_FALSE(file->Remember("b").has_value());
  EXPECT_EQ(file->Remember("c"), of_c) << "who may have been decided keeps the id";
  ASSERT_TRUE(file->Append(Line("c")).ok());
  ASSERT_TRUE(file->Complete().ok());
  EXPECT_EQ(Read(path_), Line("a") + Line("b") + Line("c"));
}

TEST_F(BulkFileTest, ReadsTheCustomersAsTheyWereWritten) {
  const std::string odd = "Zo\u00eb \"\\ \U0001F3D4";
  Killed({}, "{\"customer\":\"Zo\u00eb \\\"\\\\ \U0001F3D4\"}\n{\"customer\":\"\"}\n" + Line("b"));
  const auto file = Open();
  EXPECT_EQ(file->resumed(), 3);
  for (const std::string& customer : {odd, std::string(), std::string("b")}) {
    EXPECT_FALSE(file->Remember(customer).has_value()) << customer;
  }
}

TEST_F(BulkFileTest, CutsAnUnfinishedLine) {
  const std::string whole = Line("c");
  for (size_t length = 1; length < whole.size(); ++length) {
    std::filesystem::remove(part_);
    std::filesystem::remove(run_);
    Killed({"a", "b"}, whole.substr(0, length));
    {
      const auto file = Open();
      EXPECT_EQ(file->resumed(), 2);
      EXPECT_EQ(Read(part_), Line("a") + Line("b"));
      EXPECT_TRUE(file->Remember("c").has_value());
      ASSERT_TRUE(file->Append(Line("c")).ok());
    }
    EXPECT_EQ(Open()->resumed(), 3);
  }
}

TEST_F(BulkFileTest, AsksAgainFromADamagedLineOn) {
  for (const std::string& damage : {std::string(50, '\0') + "\n", std::string("{\"customer\":\n"), std::string("\n")}) {
    std::filesystem::remove(part_);
    std::filesystem::remove(run_);
    std::string of_b;
    {
      const auto file = Open();
      ASSERT_TRUE(file->Remember("a").has_value());
      of_b = *file->Remember("b");
      ASSERT_TRUE(file->Append(Line("a") + damage + Line("b")).ok());
    }
    const auto file = Open();
    EXPECT_EQ(file->resumed(), 1);
    EXPECT_EQ(Read(part_), Line("a"));
    EXPECT_FALSE(file->Remember("a").has_value());
    EXPECT_EQ(file->Remember("b"), of_b);
  }
}

TEST_F(BulkFileTest, RefusesAnotherQuestion) {
  Killed({"a"});
  const absl::Status status = Refused("why? of all");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat(run_, " is of a run that asks something else: what?")));
  EXPECT_EQ(Refused("what? of all and more").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Refused("what?").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Read(part_), Line("a"));
  EXPECT_EQ(Open()->resumed(), 1);
}

TEST_F(BulkFileTest, NeverReplacesAFile) {
  std::ofstream(path_) << "mine";
  const absl::Status status = Refused();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_THAT(Names(), ElementsAre("out.jsonl"));
  EXPECT_EQ(Read(path_), "mine");
}

TEST_F(BulkFileTest, NeverCutsAFileThatItDidNotBegin) {
  std::ofstream(part_) << "mine";
  EXPECT_EQ(Refused().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Refused().code(), absl::StatusCode::kAlreadyExists) << "nor the second time";
  EXPECT_THAT(Names(), ElementsAre("out.jsonl.part"));
  EXPECT_EQ(Read(part_), "mine");
}

TEST_F(BulkFileTest, KilledBetweenRenamingAndRemovingIsDone) {
  Killed({"a"});
  std::filesystem::rename(part_, path_);
  EXPECT_EQ(Refused().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Names(), ElementsAre("out.jsonl"));
  EXPECT_EQ(Read(path_), Line("a"));
}

TEST_F(BulkFileTest, KilledWhileItBeganBeginsAnew) {
  for (const char* begun : {"", "5f3a", "5f3a what? of all"}) {
    std::ofstream(run_) << begun;
    EXPECT_TRUE(Open()->Remember("a").has_value());
    EXPECT_THAT(Read(run_), MatchesRegex("[0-9a-f]+ what\\? of all\n"));
    std::filesystem::remove(run_);
    std::filesystem::remove(part_);
  }
}

TEST_F(BulkFileTest, LeavesNothingBehindWhereNobodyWasAskedAbout) {
  Open();
  EXPECT_THAT(Names(), IsEmpty());
  {
    const auto refused = Open();
    ASSERT_TRUE(refused->Remember("a").has_value());
    refused->Refused();
  }
  EXPECT_THAT(Names(), IsEmpty());
}

// Who was asked about may have been decided, whatever became of the answer.
TEST_F(BulkFileTest, KeepsTheIdsOfThoseWhoHaveNoLineYet) {
  const std::string id = *Open()->Remember("a");
  EXPECT_THAT(Names(), UnorderedElementsAre("out.jsonl.part", "out.jsonl.run"));
  Open();
  EXPECT_EQ(Open()->Remember("a"), id);
  {
    const auto refused = Open();
    ASSERT_TRUE(refused->Remember("b").has_value());
    ASSERT_TRUE(refused->Append(Line("b")).ok());
    refused->Refused();
  }
  const auto file = Open();
  EXPECT_EQ(file->resumed(), 1);
  EXPECT_EQ(file->Remember("a"), id);
}

TEST_F(BulkFileTest, HasOneWriter) {
  const auto file = Open();
  const absl::Status status = Refused();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_EQ(Refused("another").code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(file->Remember("a").has_value());
  ASSERT_TRUE(file->Append(Line("a")).ok());
  ASSERT_TRUE(file->Complete().ok());
  EXPECT_EQ(Read(path_), Line("a"));
}

// Whoever comes first begins, gives up and removes what it made, while others open it.
TEST_F(BulkFileTest, HasOneWriterAmongManyThatComeAndGo) {
  absl::Mutex mutex;
  int writers = 0;
  int begun = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        auto file = BulkFile::Open(path_, kQuestion);
        if (!file.ok()) {
          EXPECT_EQ(file.status().code(), absl::StatusCode::kAborted) << file.status();
          continue;
        }
        {
          absl::MutexLock lock(&mutex);
          EXPECT_EQ(++writers, 1);
          ++begun;
        }
        EXPECT_TRUE(std::filesystem::exists(run_));
        absl::MutexLock lock(&mutex);
        --writers;
        file->reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(begun, 0);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(BulkFileTest, TellsWhichFileCannotBeOpened) {
  const absl::Status status = BulkFile::Open(folder_.path() + "/none/out", kQuestion).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/none/out.run: No such file or directory"));
  std::filesystem::create_directory(part_);
  EXPECT_THAT(std::string(Refused().message()), HasSubstr(part_));
}

TEST_F(BulkFileTest, OnAFullDiskSaysSoAndGoesOnLater) {
  std::string of_b;
  {
    const auto file = Open();
    ASSERT_TRUE(file->Remember("a").has_value());
    of_b = *file->Remember("b");
    ASSERT_TRUE(file->Append(Line("a")).ok());
    absl::Status full;
    {
      const FullDisk disk(Line("a").size() + 5);
      full = file->Append(Line("b"));
    }
    EXPECT_FALSE(full.ok());
    EXPECT_THAT(std::string(full.message()), HasSubstr(absl::StrCat("cannot write ", part_, ": File too large")));
    EXPECT_EQ(Read(part_), Line("a") + Line("b").substr(0, 5));
    EXPECT_EQ(file->Append(Line("c")), full) << "nothing comes after an unfinished line";
    EXPECT_EQ(Read(part_), Line("a") + Line("b").substr(0, 5));
  }
  const auto file = Open();
  EXPECT_EQ(file->resumed(), 1);
  EXPECT_EQ(file->Remember("b"), of_b);
  ASSERT_TRUE(file->Append(Line("b")).ok());
  ASSERT_TRUE(file->Complete().ok());
  EXPECT_EQ(Read(path_), Line("a") + Line("b"));
}

TEST_F(BulkFileTest, BeginsNothingOnAFullDisk) {
  absl::Status status;
  {
    const FullDisk disk(3);
    status = Refused();
  }
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(run_));
  EXPECT_TRUE(Open()->Remember("a").has_value());
}

TEST_F(BulkFileTest, GivesEveryCustomerAnIdOfTheRun) {
  std::set<std::string> ids;
  {
    const auto file = Open();
    for (int i = 0; i < 10'000; ++i) ids.insert(*file->Remember(absl::StrCat("c", i)));
  }
  EXPECT_EQ(ids.size(), 10'000u);
  std::filesystem::remove(run_);
  std::filesystem::remove(part_);
  const auto another = Open();
  for (int i = 0; i < 10'000; ++i) ids.insert(*another->Remember(absl::StrCat("c", i)));
  EXPECT_EQ(ids.size(), 20'000u);
}

}  // namespace
}  // namespace waymark::cli
