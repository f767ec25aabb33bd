#include "service/cli/bulk_decider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/service/cli/full_disk.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing_support::FullDisk;

using Request = v1::DecideStreamRequest;
using Response = v1::DecideStreamResponse;
using Answers = std::function<absl::Status(const Response&)>;

void Decided(const std::string& customer, Response& response) {
  v1::CustomerDecisions& answer = *response.add_answers();
  answer.set_customer(customer);
  answer.add_decisions()->set_placement("mail");
}

void RefusedOf(const std::string& customer, bool retry, Response& response) {
  v1::CustomerDecisions& answer = *response.add_answers();
  answer.set_customer(customer);
  answer.mutable_refusal()->set_message("no");
  answer.set_retry(retry);
}

// A service that is told how to answer a message, on any stream; unless told it decides for everybody at once.
// Thread-safe.
class FakeDecideStream {
 public:
  // An error ends the stream. Of one message at a time.
  using Answer = std::function<absl::Status(const Request&, const Answers& answers)>;

  static absl::Status DecideAll(const Request& request, const Answers& answers) {
    Response response;
    for (const v1::CustomerToDecide& each : request.customers()) Decided(each.customer(), response);
    return answers(response);
  }

  explicit FakeDecideStream(Answer answer = DecideAll) : answer_(std::move(answer)) {}

  DecideStreamCall call() {
    return [this](const std::function<bool(Request&)>& next, const Answers& answers) {
      {
        absl::MutexLock lock(&mutex_);
        ++streams_;
      }
      Request request;
      while (next(request)) {
        absl::MutexLock lock(&mutex_);
        messages_.push_back(request);
        for (const v1::CustomerToDecide& each : request.customers())
          asked_[each.customer()].push_back(each.decision_id());
        if (absl::Status status = answer_(request, answers); !status.ok()) return status;
      }
      return absl::OkStatus();
    };
  }

  // To be asked when all is done.
  const std::vector<Request>& messages() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return messages_; }
  int streams() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return streams_; }
  // With which ids each customer was asked about.
  const std::map<std::string, std::vector<std::string>>& asked() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return asked_; }

 private:
  absl::Mutex mutex_;
  const Answer answer_;
  std::vector<Request> messages_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<std::string>> asked_ ABSL_GUARDED_BY(mutex_);
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
};

class BulkDeciderTest : public testing::Test {
 protected:
  BulkDeciderTest() {
    auto file = BulkFile::Open(folder_.path() + "/out", "mail?");
    EXPECT_TRUE(file.ok()) << file.status();
    file_ = *std::move(file);
  }

  BulkDecider::Options Options(int workers, int batch = 10, int attempts = kAttempts) {
    BulkDecider::Options options;
    options.question.add_placements("mail");
    options.workers = workers;
    options.batch = batch;
    options.attempts = attempts;
    options.wait = [this](absl::Duration pause) {
      absl::MutexLock lock(&mutex_);
      pauses_.push_back(pause);
    };
    return options;
  }

  // The first error of a run over customers c0 to c`count`.
  absl::Status Run(FakeDecideStream& service, const BulkDecider::Options& options, int count) {
    BulkDecider decider(service.call(), options, *file_);
    absl::Status added;
    for (int i = 0; i < count && added.ok(); ++i) added = decider.Add(absl::StrCat("c", i));
    absl::Status status = decider.Finish(added);
    counts_ = decider.counts();
    return status;
  }

  // How many lines each customer has.
  std::map<std::string, int> Lines() const {
    std::map<std::string, int> lines;
    std::ifstream in(folder_.path() + "/out.part");
    for (std::string line; std::getline(in, line);) {
      EXPECT_FALSE(in.eof()) << "unfinished: " << line;
      const absl::optional<std::string> customer = CustomerOf(line);
      EXPECT_TRUE(customer.has_value()) << line;
      ++lines[customer.value_or("?")];
    }
    return lines;
  }
  void ExpectALineEach(int count) const {
    const std::map<std::string, int> lines = Lines();
    EXPECT_THAT(lines, SizeIs(count));
    for (const auto& [customer, times] : lines) EXPECT_EQ(times, 1) << customer;
  }

  const testing_support::TempDirectory folder_;
  std::unique_ptr<BulkFile> file_;
  absl::Mutex mutex_;
  std::vector<absl::Duration> pauses_ ABSL_GUARDED_BY(mutex_);
  BulkDecider::Counts counts_;
};

TEST_F(BulkDeciderTest, AsksForEachOnceOnEachStream) {
  FakeDecideStream service;
  ASSERT_TRUE(Run(service, Options(4), 5'003).ok());
  ExpectALineEach(5'003);
  EXPECT_EQ(counts_.decided, 5'003);
  EXPECT_EQ(counts_.refused, 0);
  EXPECT_EQ(service.streams(), 4);
  EXPECT_EQ(service.messages().size(), 501u) << "full ones, but for the last";
  std::set<std::string> ids;
  for (const auto& [customer, asked] : service.asked()) {
    EXPECT_THAT(asked, SizeIs(1)) << customer;
    ids.insert(asked.begin(), asked.end());
  }
  EXPECT_EQ(ids.size(), 5'003u);
  for (const Request& message : service.messages()) EXPECT_THAT(message.placements(), ElementsAre("mail"));
}

TEST_F(BulkDeciderTest, OfNobodyAsksNothing) {
  FakeDecideStream service;
  ASSERT_TRUE(Run(service, Options(2), 0).ok());
  EXPECT_THAT(service.messages(), IsEmpty());
  ExpectALineEach(0);
}

TEST_F(BulkDeciderTest, TakesAnswersInSeveralMessages) {
  FakeDecideStream service([](const Request& request, const Answers& answers) {
    for (const v1::CustomerToDecide& each : request.customers()) {
      Response response;
      Decided(each.customer(), response);
      if (absl::Status status = answers(response); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(Run(service, Options(2), 95).ok());
  ExpectALineEach(95);
  EXPECT_EQ(counts_.decided, 95);
}

TEST_F(BulkDeciderTest, PassesOverWhoWasAddedBeforeOrHasALine) {
  FakeDecideStream service;
  ASSERT_TRUE(Run(service, Options(2), 20).ok());
  ASSERT_TRUE(Run(service, Options(2), 30).ok());
  {
    BulkDecider decider(service.call(), Options(1), *file_);
    for (const char* customer : {"x", "c3", "x"}) ASSERT_TRUE(decider.Add(customer).ok());
    ASSERT_TRUE(decider.Finish().ok());
    EXPECT_EQ(decider.counts().decided, 1);
  }
  ExpectALineEach(31);
  for (const auto& [customer, asked] : service.asked()) EXPECT_THAT(asked, SizeIs(1)) << customer;
}

TEST_F(BulkDeciderTest, WritesRefusalsOnceAndAsksAgainForWhomTheStoreDidNotGive) {
  int message = 0;
  FakeDecideStream service([&](const Request& request, const Answers& answers) {
    Response response;
    ++message;
    for (const v1::CustomerToDecide& each : request.customers()) {
      const bool odd = (each.customer().back() - '0') % 2 == 1;
      if (each.customer() == "c0") {
        RefusedOf(each.customer(), false, response);
      } else if (odd && message < 4) {
        RefusedOf(each.customer(), true, response);
      } else {
        Decided(each.customer(), response);
      }
    }
    return answers(response);
  });
  ASSERT_TRUE(Run(service, Options(1), 10).ok());
  ExpectALineEach(10);
  EXPECT_EQ(counts_.decided, 9);
  EXPECT_EQ(counts_.refused, 1);
  ASSERT_EQ(service.messages().size(), 4u);
  EXPECT_EQ(service.messages()[3].customers_size(), 5) << "only these";
  for (const auto& [customer, asked] : service.asked()) {
    EXPECT_THAT(asked, SizeIs((customer.back() - '0') % 2 == 1 ? 4 : 1)) << customer;
    EXPECT_THAT(asked, Each(asked[0])) << customer;
  }
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(pauses_, ElementsAre(PauseAfter(1), PauseAfter(2), PauseAfter(3))) << "as nobody was decided meanwhile";
}

// Streams end in the middle of a message, some of whose answers came.
TEST_F(BulkDeciderTest, GoesOnAfterWhoWasAnswered) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted, absl::StatusCode::kDeadlineExceeded,
        absl::StatusCode::kAborted, absl::StatusCode::kCancelled}) {
    file_.reset();
    const std::string path = folder_.path() + "/out";
    std::remove((path + ".part").c_str());
    std::remove((path + ".run").c_str());
    file_ = *BulkFile::Open(path, "mail?");
    int message = 0;
    FakeDecideStream service([&](const Request& request, const Answers& answers) {
      Response response;
      // In turn none, one with a retry before it, all but one, all.
      const int all = request.customers_size();
      const int answered = std::array<int, 4>{0, std::min(all, 2), all - 1, all}[message % 4];
      const bool breaks = ++message % 4 != 0;
      for (int i = 0; i < answered; ++i) {
        const std::string& customer = request.customers(i).customer();
        breaks&& i == 0 ? RefusedOf(customer, true, response) : Decided(customer, response);
      }
      if (absl::Status status = answers(response); !status.ok()) return status;
      return breaks ? absl::Status(code, "ended") : absl::OkStatus();
    });
    ASSERT_TRUE(Run(service, Options(3, 10, 1'000), 200).ok()) << code;
    ExpectALineEach(200);
    EXPECT_EQ(counts_.decided, 200);
    EXPECT_GT(service.streams(), 60);
    for (const auto& [customer, asked] : service.asked()) EXPECT_THAT(asked, Each(asked[0])) << customer;
  }
}

TEST_F(BulkDeciderTest, GivesUpWhereNobodyIsAnswered) {
  FakeDecideStream service([](const Request&, const Answers&) { return absl::UnavailableError("away"); });
  EXPECT_EQ(Run(service, Options(1, 10, 5), 1'000), absl::UnavailableError("away"));
  EXPECT_EQ(service.messages().size(), 5u);
  EXPECT_EQ(counts_.decided, 0);
  ExpectALineEach(0);
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(pauses_, ElementsAre(PauseAfter(1), PauseAfter(2), PauseAfter(3), PauseAfter(4)));
}

TEST_F(BulkDeciderTest, GivesUpWhereTheStoreGivesNobody) {
  FakeDecideStream service([](const Request& request, const Answers& answers) {
    Response response;
    for (const v1::CustomerToDecide& each : request.customers()) RefusedOf(each.customer(), true, response);
    return answers(response);
  });
  const absl::Status status = Run(service, Options(1, 10, 5), 1'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("store"));
  EXPECT_EQ(service.messages().size(), 5u);
  ExpectALineEach(0);
}

TEST_F(BulkDeciderTest, EndsAtOnceWithAnErrorOfTheQuestion) {
  FakeDecideStream service([](const Request&, const Answers&) { return absl::NotFoundError("placement"); });
  // More than wait in the queue: so Add hears of it.
  BulkDecider decider(service.call(), Options(2), *file_);
  absl::Status added;
  for (int i = 0; i < 100'000 && added.ok(); ++i) added = decider.Add(absl::StrCat("c", i));
  EXPECT_EQ(added, absl::NotFoundError("placement"));
  EXPECT_EQ(decider.Finish(added), absl::NotFoundError("placement"));
  EXPECT_LE(service.messages().size(), 2u) << "one a stream";
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(pauses_, IsEmpty());
}

// One stream would be tried again for ever.
TEST_F(BulkDeciderTest, EndsAllStreamsWithTheFirstError) {
  FakeDecideStream service([](const Request& request, const Answers&) {
    for (const v1::CustomerToDecide& each : request.customers()) {
      if (each.customer() == "c0") return absl::UnavailableError("away");
    }
    return absl::NotFoundError("placement");
  });
  EXPECT_EQ(Run(service, Options(2, 10, 1'000'000'000), 20), absl::NotFoundError("placement"));
}

TEST_F(BulkDeciderTest, EndsWhereCustomersCannotBeAdded) {
  FakeDecideStream service([](const Request&, const Answers&) { return absl::UnavailableError("away"); });
  BulkDecider decider(service.call(), Options(2, 10, 1'000'000'000), *file_);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(decider.Add(absl::StrCat("c", i)).ok());
  EXPECT_EQ(decider.Finish(absl::DataLossError("the list")), absl::DataLossError("the list"));
}

TEST_F(BulkDeciderTest, DropsWhatWasNotAsked) {
  FakeDecideStream service([](const Request&, const Answers&) { return absl::UnavailableError("away"); });
  BulkDecider decider(service.call(), Options(2, 10, 1'000'000'000), *file_);
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(decider.Add(absl::StrCat("c", i)).ok());
}

TEST_F(BulkDeciderTest, TakesNoAnswerForAnotherCustomer) {
  for (const bool more : {false, true}) {
    FakeDecideStream service([&](const Request& request, const Answers& answers) {
      Response response;
      if (more) {
        for (const v1::CustomerToDecide& each : request.customers()) Decided(each.customer(), response);
      }
      Decided("stranger", response);
      return answers(response);
    });
    const std::string customer = more ? "a" : "b";
    BulkDecider decider(service.call(), Options(1), *file_);
    ASSERT_TRUE(decider.Add(customer).ok());
    const absl::Status status = decider.Finish();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_EQ(service.messages().size(), 1u);
    ExpectALineEach(0);
  }
}

TEST_F(BulkDeciderTest, EndsAtOnceWhereTheFileCannotBeWritten) {
  FakeDecideStream service;
  absl::Status status;
  {
    const FullDisk disk(1'000);
    status = Run(service, Options(2), 100'000);
  }
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("out.part: File too large"));
  EXPECT_LT(service.messages().size(), 10u);
  EXPECT_LT(counts_.decided, 50);
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(pauses_, IsEmpty());
}

}  // namespace
}  // namespace waymark::cli
