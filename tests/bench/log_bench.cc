// The log of decisions in its stores: what an entry costs the process that appends it, RocksDB's own threads included,
// and how long it takes to find one decision in a shard that is full.

#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "service/store/decision_records.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/redis/redis_store.h"
#include "tests/bench/measure.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_directory.h"

namespace waymark::bench {
namespace {

using store::DecisionLog;
using testing_support::AppendNow;
using testing_support::ReadShardNow;
using testing_support::TrimNow;

constexpr char kTenant[] = "bench";
constexpr size_t kTenantBytes = size_t{1} << 30;
constexpr size_t kShardBytes = kTenantBytes / store::kLogShards;

[[noreturn]] void Fail(absl::string_view what) {
  absl::FPrintF(stderr, "%s\n", what);
  std::exit(1);
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Some 530 bytes, as of the sample shop's customers, of which a compressor finds about as much.
std::string SampleEntry(uint64_t key, std::mt19937_64& random) {
  std::string profile;
  for (int i = 0; i < 47; ++i) {
    const uint64_t bits = random();
    for (int byte = 0; byte < 4; ++byte) profile.push_back(static_cast<char>(bits >> (8 * byte)));
    profile.append({'\x12', '\x04', '\x08', static_cast<char>(i)});
  }
  const segmentation::NameId placement{7};
  return store::EncodeLogRecord(
      store::LoggedDecision{.decision_id = absl::StrFormat("%016x%016x", key, random()),
                            .customer = absl::StrCat("customer-", random() % 100'000),
                            .decided_at = absl::FromUnixMillis(1780000000000 + static_cast<int64_t>(key % 1'000'000)),
                            .playbook_version = 3,
                            .profile = std::move(profile),
                            .request = {.locale = "de-at", .unit = key},
                            .placements = {{placement,
                                            {segmentation::NameId{1}, segmentation::NameId{2}, segmentation::NameId{3}},
                                            {3.5, 2.25, 1.125}}},
                            .answer_hash = random()});
}

void AppendAll(DecisionLog& log, std::vector<DecisionLog::Entry> entries) {
  const DecisionLog::Appended appended = AppendNow(log, kTenant, std::move(entries));
  if (!appended.status.ok()) Fail(appended.status.message());
}

// As the logger does, `per_append` entries at once, and as many as fill the log and a half, trimmed as it goes.
void MeasureAppend(const std::string& name, DecisionLog& log, int per_append, int entries) {
  std::mt19937_64 random(1);
  std::vector<std::string> samples;
  for (int i = 0; i < 2000; ++i) samples.push_back(SampleEntry(random(), random));
  size_t since_trim = 0;
  double spent = 0;
  for (int done = 0; done < entries; done += per_append) {
    std::vector<DecisionLog::Entry> batch;
    for (int i = 0; i < per_append; ++i) {
      batch.push_back({random(), samples[random() % samples.size()]});
      since_trim += batch.back().bytes.size();
    }
    const double before = ProcessorSeconds();
    AppendAll(log, std::move(batch));
    if (since_trim > kTenantBytes / 64) {
      if (!TrimNow(log, kTenant, absl::InfinitePast(), kTenantBytes).ok()) Fail("cannot trim");
      since_trim = 0;
    }
    spent += ProcessorSeconds() - before;
  }
  PrintMeasure(
      {.name = absl::StrCat("log/", name, "/append/", per_append), .value = spent / entries * 1e6, .unit = "us"});
}

// One in a shard that takes all that it may, in the middle.
void MeasureFind(const std::string& name, DecisionLog& log) {
  constexpr int kShard = 200;
  std::mt19937_64 random(2);
  const auto key = [&random] { return (random() >> 8) | uint64_t{kShard} << 56; };
  for (size_t bytes = 0; bytes < kShardBytes;) {
    std::vector<DecisionLog::Entry> batch;
    for (int i = 0; i < 4; ++i) {
      const uint64_t each = key();
      batch.push_back({each, SampleEntry(each, random)});
      bytes += batch.back().bytes.size();
    }
    AppendAll(log, std::move(batch));
  }
  std::vector<double> millis;
  size_t found = 0;
  for (int round = 0; round < 9; ++round) {
    const absl::Time before = absl::Now();
    std::string cursor;
    found = 0;
    do {
      auto page = ReadShardNow(log, kTenant, kShard, cursor, absl::InfinitePast());
      if (!page.ok()) Fail(page.status().message());
      for (const std::string& bytes : page->entries) found += store::DecodeLogRecord(bytes).ok() ? 1 : 0;
      cursor = page->next_cursor;
    } while (!cursor.empty());
    millis.push_back(absl::ToDoubleMilliseconds(absl::Now() - before));
  }
  std::sort(millis.begin(), millis.end());
  PrintMeasure({.name = absl::StrCat("log/", name, "/find"), .value = millis[millis.size() / 2], .unit = "ms"});
  PrintMeasure({.name = absl::StrCat("log/", name, "/find/entries"), .value = static_cast<double>(found), .unit = ""});
}

void MeasureEmbedded(int entries) {
  for (int per_append : {50, 1000}) {
    const testing_support::TempDirectory directory;
    auto store = store::EmbeddedStore::Open(directory.path());
    if (!store.ok()) Fail(store.status().message());
    MeasureAppend("embedded", **store, per_append, entries);
    if (per_append == 1000) MeasureFind("embedded", **store);
  }
}

void MeasureRedis() {
  auto server = testing_support::RedisServer::Start();
  if (!server.ok()) Fail(server.status().message());
  store::RedisStore store({.port = (*server)->port()});
  for (const absl::Time until = testing_support::Soon(); !store.Ready() && absl::Now() < until;)
    absl::SleepFor(absl::Milliseconds(10));
  MeasureAppend("redis", store, 1000, 100'000);
  MeasureFind("redis", store);
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  // The log, and half of it again.
  const int entries = argc > 1 ? std::atoi(argv[1]) : 3'000'000;
  waymark::bench::MeasureEmbedded(entries);
  waymark::bench::MeasureRedis();
  return 0;
}
