// What the embedded store promises beyond the contract.

#include "service/store/embedded/embedded_store.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "service/base/clock.h"
#include "tests/support/outcome.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_directory.h"

namespace waymark::store {
namespace {

using testing_support::GetNow;
using testing_support::LoadNow;
using testing_support::Outcome;
using testing_support::PutNow;
using testing_support::ReadNow;
using testing_support::Soon;
using testing_support::TempDirectory;
using testing_support::UpdateNow;
using testing_support::Write;

std::unique_ptr<EmbeddedStore> OpenOrFail(const TempDirectory& directory, const EmbeddedOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<EmbeddedStore>> store = EmbeddedStore::Open(directory.path(), options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

segmentation::Profile Numbered(uint64_t number) {
  segmentation::Profile profile;
  profile.compacted = number;
  return profile;
}

TEST(EmbeddedStoreTest, KeepsProfilesRecordsAndCounts) {
  const TempDirectory directory;
  {
    auto store = OpenOrFail(directory);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(UpdateNow(*store, {"shop", absl::StrCat("c", i % 5)}, Write(Numbered(i))).ok());
    }
    ASSERT_TRUE(UpdateNow(*store, {"other", "c"}, Write(Numbered(0))).ok());
    ASSERT_TRUE(PutNow(*store, "playbook/shop", "text", 0).ok());
    EXPECT_EQ(store->EstimatedCount("shop"), 5);
  }
  auto store = OpenOrFail(directory);
  const absl::StatusOr<StoredProfile> stored = LoadNow(*store, {"shop", "c3"});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->revision, 2u);
  EXPECT_EQ(stored->profile, Numbered(8));
  EXPECT_EQ(GetNow(*store, "playbook/shop")->value, "text");
  EXPECT_EQ(store->EstimatedCount("shop"), 5);
  EXPECT_EQ(store->EstimatedCount("other"), 1);
  EXPECT_EQ(store->EstimatedCount("nobody"), 0);
}

// With room in memory for all profiles, for half of them, and for none.
TEST(EmbeddedStoreTest, NobodyReadsWhatIsOlderThanWhatWasAcknowledged) {
  constexpr int kCustomers = 4;
  constexpr int kUpdates = 200;
  const auto key_of = [](int customer) { return CustomerKey{"shop", absl::StrCat("c", customer)}; };
  for (size_t cache_bytes : {1 << 20, 400, 0}) {
    const TempDirectory directory;
    EmbeddedOptions options;
    options.profile_cache_bytes = cache_bytes;
    auto store = OpenOrFail(directory, options);
    std::array<std::atomic<uint64_t>, kCustomers> acknowledged{};
    std::atomic<bool> done{false};
    std::atomic<int> older{0};
    const auto read = [&] {
      for (int i = 0; !done; i = (i + 1) % kCustomers) {
        const uint64_t at_least = acknowledged[static_cast<size_t>(i)];
        const absl::StatusOr<StoredProfile> stored = LoadNow(*store, key_of(i));
        if (!stored.ok() || stored->revision < at_least || stored->profile.compacted != stored->revision) ++older;
      }
    };
    std::thread first(read);
    std::thread second(read);
    for (int i = 0; i < kUpdates; ++i) {
      const uint64_t revision = static_cast<uint64_t>(i / kCustomers) + 1;
      ASSERT_TRUE(UpdateNow(*store, key_of(i % kCustomers), Write(Numbered(revision))).ok());
      acknowledged[static_cast<size_t>(i % kCustomers)] = revision;
    }
    done = true;
    first.join();
    second.join();
    EXPECT_EQ(older, 0);
  }
}

// Another process that writes to a directory. See embedded_store_writer.cc.
class WriterProcess {
 public:
  explicit WriterProcess(const std::string& path) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    output_ = ends[0];
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(ends[1], STDOUT_FILENO);
      execl(WAYMARK_EMBEDDED_STORE_WRITER, WAYMARK_EMBEDDED_STORE_WRITER, path.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
  }
  ~WriterProcess() {
    Kill();
    close(output_);
  }

  // The next customer that was acknowledged; nullopt where the process has ended.
  absl::optional<uint32_t> Next() {
    uint32_t number = 0;
    if (read(output_, &number, sizeof(number)) != sizeof(number)) return absl::nullopt;
    return number;
  }

  // False where it had ended by itself.
  bool Kill() {
    if (process_ < 0) return false;
    kill(process_, SIGKILL);
    int state = 0;
    waitpid(std::exchange(process_, -1), &state, 0);
    return WIFSIGNALED(state);
  }

 private:
  int output_ = -1;
  pid_t process_ = -1;
};

TEST(EmbeddedStoreTest, OnlyOneAtATimeMayOpenADirectory) {
  const TempDirectory directory;
  WriterProcess other(directory.path());
  ASSERT_TRUE(other.Next().has_value());
  const absl::Status there = EmbeddedStore::Open(directory.path()).status();
  EXPECT_EQ(there.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(there.message(), "in use")) << there;
  ASSERT_TRUE(other.Kill());

  auto store = OpenOrFail(directory);
  EXPECT_EQ(EmbeddedStore::Open(directory.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(EmbeddedStoreTest, ADirectoryThatCannotBeHadIsAClearError) {
  const absl::Status status = EmbeddedStore::Open("/proc/waymark").status();
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), "/proc/waymark")) << status;
}

TEST(EmbeddedStoreTest, WhatWasAcknowledgedOutlivesAKill) {
  const TempDirectory directory;
  std::vector<uint32_t> acknowledged;
  {
    WriterProcess writer(directory.path());
    while (absl::optional<uint32_t> number = writer.Next()) {
      acknowledged.push_back(*number);
      if (acknowledged.size() == 2000) {
        ASSERT_TRUE(writer.Kill());
      }
    }
  }
  ASSERT_GE(acknowledged.size(), 2000u);

  auto store = OpenOrFail(directory);
  for (uint32_t i : acknowledged) {
    const absl::StatusOr<StoredProfile> stored = LoadNow(*store, {"shop", absl::StrCat(i)});
    ASSERT_TRUE(stored.ok()) << stored.status();
    ASSERT_EQ(stored->revision, 1u) << i;
    ASSERT_EQ(stored->profile.compacted, i);
  }
  // And every profile that is there was announced, once.
  std::set<std::string> announced;
  std::string cursor = "0";
  while (true) {
    const absl::StatusOr<ChangeFeed::Changes> read = ReadNow(*store, "shop", cursor, 1000);
    ASSERT_TRUE(read.ok()) << read.status();
    for (const MembershipChange& change : read->changes) {
      EXPECT_TRUE(announced.insert(change.customer).second) << change.customer;
      EXPECT_EQ(LoadNow(*store, {"shop", change.customer})->profile.derived.segments, change.entered);
    }
    if (read->changes.empty()) break;
    cursor = read->NextCursor();
  }
  EXPECT_EQ(static_cast<int64_t>(announced.size()), store->EstimatedCount("shop"));
  EXPECT_GE(store->EstimatedCount("shop"), static_cast<int64_t>(acknowledged.size()));
}

// A file whose writes fail while they are told to.
class FailingFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FailingFile(std::unique_ptr<rocksdb::FSWritableFile> file, const std::atomic<bool>& full)
      : FSWritableFileOwnerWrapper(std::move(file)), full_(full) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (full_) return rocksdb::IOStatus::NoSpace("no space left on device");
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info, rocksdb::IODebugContext* debug) override {
    if (full_) return rocksdb::IOStatus::NoSpace("no space left on device");
    return FSWritableFileOwnerWrapper::Append(data, options, info, debug);
  }

 private:
  const std::atomic<bool>& full_;
};

// A disk that is full while it is told to be.
class SmallDisk : public rocksdb::FileSystemWrapper {
 public:
  SmallDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "SmallDisk"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSWritableFile> real;
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(path, options, &real, debug);
    if (status.ok()) *file = std::make_unique<FailingFile>(std::move(real), full);
    return status;
  }

  std::atomic<bool> full{false};
};

TEST(EmbeddedStoreTest, AFullDiskIsSaidAndOvercome) {
  const TempDirectory directory;
  auto disk = std::make_shared<SmallDisk>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  auto store = OpenOrFail(directory, {.resume_interval = absl::Milliseconds(1), .env = env.get()});
  ASSERT_TRUE(UpdateNow(*store, {"shop", "before"}, Write(Numbered(1))).ok());

  disk->full = true;
  EXPECT_EQ(UpdateNow(*store, {"shop", "c"}, Write(Numbered(2))).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(store->Ready());
  EXPECT_EQ(UpdateNow(*store, {"shop", "c"}, Write(Numbered(3))).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(LoadNow(*store, {"shop", "before"})->profile, Numbered(1));

  disk->full = false;
  absl::StatusOr<uint64_t> written;
  const absl::Time until = absl::Now() + absl::Seconds(30);
  do {
    written = UpdateNow(*store, {"shop", "after"}, Write(Numbered(4)));
  } while (!written.ok() && absl::Now() < until);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(store->Ready());

  store = nullptr;
  store = OpenOrFail(directory);
  EXPECT_EQ(LoadNow(*store, {"shop", "before"})->profile, Numbered(1));
  EXPECT_EQ(LoadNow(*store, {"shop", "after"})->profile, Numbered(4));
}

// Blocks the writer's thread in a callback until it is released.
class Blocker {
 public:
  ProfileStore::UpdateDone Done() {
    return [this](const absl::StatusOr<uint64_t>& written) {
      EXPECT_TRUE(written.ok()) << written.status();
      reached_.Notify();
      released_.WaitForNotification();
    };
  }
  void WaitUntilReached() { reached_.WaitForNotification(); }
  void Release() { released_.Notify(); }

 private:
  absl::Notification reached_;
  absl::Notification released_;
};

TEST(EmbeddedStoreTest, UpdatesBeyondTheQueueAreRefused) {
  const TempDirectory directory;
  auto store = OpenOrFail(directory, {.max_queued = 2});
  Blocker blocker;
  Outcome<absl::StatusOr<uint64_t>> first, second, third;
  store->Update({"shop", "other"}, Soon(), Write(Numbered(0)), blocker.Done());
  blocker.WaitUntilReached();
  store->Update({"shop", "c"}, Soon(), Write(Numbered(1)), first.Callback());
  store->Update({"shop", "c"}, Soon(), Write(Numbered(2)), second.Callback());
  store->Update({"shop", "c"}, Soon(), Write(Numbered(3)), third.Callback());
  EXPECT_EQ(third.Wait()->status().code(), absl::StatusCode::kResourceExhausted);
  blocker.Release();
  EXPECT_EQ(first.Wait()->value_or(0), 1u);
  EXPECT_EQ(second.Wait()->value_or(0), 2u);
}

TEST(EmbeddedStoreTest, AnUpdateWhoseDeadlinePassesInTheQueueIsDropped) {
  const TempDirectory directory;
  auto store = OpenOrFail(directory);
  Blocker blocker;
  Outcome<absl::StatusOr<uint64_t>> late;
  store->Update({"shop", "other"}, Soon(), Write(Numbered(0)), blocker.Done());
  blocker.WaitUntilReached();
  const absl::Time deadline = base::SteadyNow() + absl::Milliseconds(1);
  store->Update({"shop", "c"}, deadline, Write(Numbered(1)), late.Callback());
  while (base::SteadyNow() <= deadline) sched_yield();
  blocker.Release();
  EXPECT_EQ(late.Wait()->status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(LoadNow(*store, {"shop", "c"})->revision, 0u);
}

}  // namespace
}  // namespace waymark::store
