// Records events through all three methods, from several callers at once, over one replica of the service or more, and
// compares the profiles with what they must be. A fifth of what is sent was sent before, some of it elsewhere at the
// same moment; what is sent is shuffled; callers let deadlines pass and break streams off, and send again what was not
// acknowledged, wherever they reach somebody: until everything was. So it goes on when a replica dies.
//
// Sends --events at least, and goes on until standard input has ended. Prints one line of JSON; fails where a profile
// differs.

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "waymark/v1/event.grpc.pb.h"
#include "waymark/v1/profile.grpc.pb.h"

namespace waymark {
namespace {

constexpr const char* kTypes[] = {"view_item", "add_to_cart", "purchase", "search"};
constexpr absl::Duration kHistory = absl::Hours(24 * 30);
// The service remembers 1,024 ids of a customer: more events than this, and an old one might be taken for new.
constexpr uint64_t kMaxEventsEach = 800;

struct Options {
  std::vector<std::string> addresses;
  std::string tenant = "shop";
  uint64_t events = 10'000;
  uint64_t customers = 500;
  uint64_t seed = 1;
};

// A replica of the service.
struct Replica {
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::ProfileService::Stub> profiles;
};

// What all callers share.
struct Load {
  Options options;
  absl::Time now;
  std::vector<Replica> replicas;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> input_ended{false};
  std::atomic<int64_t> sent{0};        // elements of requests
  std::atomic<int64_t> recorded{0};    // as acknowledged
  std::atomic<int64_t> duplicates{0};  // as acknowledged
  std::atomic<int64_t> failures{0};    // calls and streams that did not end well
  std::atomic<bool> broken{false};     // something was refused for good

  bool Over() const { return next >= options.customers * kMaxEventsEach || (input_ended && next >= options.events); }
};

// The event of a number, always the same.
v1::CustomerEvent EventOf(const Load& load, uint64_t number) {
  std::mt19937_64 random(load.options.seed * 1'000'003 + number);
  v1::CustomerEvent element;
  element.set_customer(absl::StrCat("c", random() % load.options.customers));
  v1::Event& event = *element.mutable_event();
  event.set_id(absl::StrCat("e", number));
  event.set_type(kTypes[random() % 4]);
  const absl::Duration ago = kHistory * (static_cast<double>(random() % 1'000'000) / 1e6);
  event.mutable_time()->set_seconds(absl::ToUnixSeconds(load.now - ago));
  event.mutable_money()->set_micros(static_cast<int64_t>(random() % 100'000'000));
  event.mutable_money()->set_currency("EUR");
  return element;
}

// One caller: a thread that takes numbers and sends their events until they are acknowledged.
class Caller {
 public:
  Caller(Load& load, uint64_t number) : load_(load), way_(number % 3), random_(load.options.seed * 31 + number) {}

  void Run() {
    while (!load_.Over() && !load_.broken) {
      std::vector<uint64_t> numbers = Take();
      while (!numbers.empty() && !load_.broken) {
        numbers = Send(numbers);
        if (!numbers.empty()) absl::SleepFor(absl::Milliseconds(10));  // it may be being started again
      }
    }
  }

 private:
  // New ones, and a fifth that somebody has taken before, in any order.
  std::vector<uint64_t> Take() {
    const uint64_t count = 1 + random_() % (way_ == 0 ? 50 : 1000);
    const uint64_t first = load_.next.fetch_add(count);
    std::vector<uint64_t> numbers;
    for (uint64_t i = 0; i < count; ++i) {
      numbers.push_back(first + i);
      if (random_() % 4 == 0) numbers.push_back(random_() % (first + count));
    }
    std::shuffle(numbers.begin(), numbers.end(), random_);
    return numbers;
  }

  // Those that are not acknowledged.
  std::vector<uint64_t> Send(const std::vector<uint64_t>& numbers) {
    switch (way_) {
      case 0:
        return SendSingly(numbers);
      case 1:
        return SendTogether(numbers);
      default:
        return SendStreamed(numbers);
    }
  }

  // One of ten hardly gives the service a chance.
  void SetDeadline(grpc::ClientContext& context) {
    const absl::Duration patience = random_() % 10 == 0 ? absl::Microseconds(500) : absl::Seconds(10);
    context.set_deadline(absl::ToChronoTime(absl::Now() + patience));
  }

  std::vector<uint64_t> SendSingly(const std::vector<uint64_t>& numbers) {
    std::vector<uint64_t> left;
    bool away = false;
    for (uint64_t number : numbers) {
      if (away) {
        left.push_back(number);
        continue;
      }
      v1::CustomerEvent element = EventOf(load_, number);
      v1::RecordEventRequest request;
      request.set_tenant(load_.options.tenant);
      request.set_customer(element.customer());
      request.mutable_event()->Swap(element.mutable_event());
      grpc::ClientContext context;
      SetDeadline(context);
      v1::RecordEventResponse response;
      ++load_.sent;
      const grpc::Status status = AnyReplica().events->RecordEvent(&context, request, &response);
      if (status.ok()) {
        ++(response.receipt().duplicate() ? load_.duplicates : load_.recorded);
      } else if (MayRepeat(status)) {
        left.push_back(number);
        away = status.error_code() == grpc::UNAVAILABLE;
      }
    }
    return left;
  }

  std::vector<uint64_t> SendTogether(const std::vector<uint64_t>& numbers) {
    std::vector<uint64_t> left;
    for (size_t begin = 0; begin < numbers.size(); begin += 1000) {
      const std::vector<uint64_t> part = Part(numbers, begin, 1000);
      grpc::ClientContext context;
      SetDeadline(context);
      v1::RecordEventsResponse response;
      load_.sent += static_cast<int64_t>(part.size());
      const grpc::Status status = AnyReplica().events->RecordEvents(&context, RequestOf(part), &response);
      if (status.ok()) {
        Acknowledged(part, response, left);
      } else if (MayRepeat(status)) {
        left.insert(left.end(), part.begin(), part.end());
      }
    }
    return left;
  }

  std::vector<uint64_t> SendStreamed(const std::vector<uint64_t>& numbers) {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stream = AnyReplica().events->IngestEvents(&context);
    std::vector<std::vector<uint64_t>> batches;
    for (size_t begin = 0; begin < numbers.size(); begin += batches.back().size()) {
      batches.push_back(Part(numbers, begin, 1 + random_() % 200));
      v1::IngestEventsRequest request;
      request.set_number(batches.size());
      *request.mutable_batch() = RequestOf(batches.back());
      load_.sent += static_cast<int64_t>(batches.back().size());
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    const size_t broken_off = random_() % 10 == 0 ? random_() % batches.size() : batches.size();
    std::vector<uint64_t> left;
    size_t answered = 0;
    v1::IngestEventsResponse response;
    while (answered < broken_off && stream->Read(&response)) {
      if (response.number() != answered + 1) Fail("a stream's answers are out of order");
      Acknowledged(batches[answered++], response.result(), left);
    }
    if (answered < batches.size()) context.TryCancel();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) MayRepeat(status);
    size_t acknowledged = 0;
    for (size_t i = 0; i < answered; ++i) acknowledged += batches[i].size();
    left.insert(left.end(), numbers.begin() + static_cast<std::ptrdiff_t>(acknowledged), numbers.end());
    return left;
  }

  static std::vector<uint64_t> Part(const std::vector<uint64_t>& numbers, size_t begin, size_t size) {
    const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(std::min(size, numbers.size() - begin))};
  }

  v1::RecordEventsRequest RequestOf(const std::vector<uint64_t>& numbers) const {
    v1::RecordEventsRequest request;
    request.set_tenant(load_.options.tenant);
    for (uint64_t number : numbers) *request.add_events() = EventOf(load_, number);
    return request;
  }

  void Acknowledged(const std::vector<uint64_t>& numbers, const v1::RecordEventsResponse& response,
                    std::vector<uint64_t>& left) {
    load_.recorded += response.recorded();
    load_.duplicates += response.duplicates();
    for (const v1::RefusedEvent& refused : response.refused()) {
      if (!refused.retry()) Fail(refused.problem().message());
      left.push_back(numbers[static_cast<size_t>(refused.index())]);
    }
    const int64_t told = response.recorded() + response.duplicates() + response.refused_size();
    if (told != static_cast<int64_t>(numbers.size())) Fail("an answer leaves events out");
  }

  bool MayRepeat(const grpc::Status& status) {
    ++load_.failures;
    switch (status.error_code()) {
      case grpc::UNAVAILABLE:
      case grpc::DEADLINE_EXCEEDED:
      case grpc::RESOURCE_EXHAUSTED:
      case grpc::CANCELLED:
        return true;
      default:
        Fail(status.error_message());
        return false;
    }
  }

  void Fail(const std::string& why) {
    if (!load_.broken.exchange(true)) std::cerr << "event_load: " << why << '\n';
  }

  Replica& AnyReplica() { return load_.replicas[random_() % load_.replicas.size()]; }

  Load& load_;
  const uint64_t way_;  // how it sends
  std::mt19937_64 random_;
};

// What a profile says of a type.
struct Summary {
  int64_t count = 0;
  int64_t micros = 0;
  int64_t first = 0;
  int64_t last = 0;

  friend bool operator==(const Summary&, const Summary&) = default;
};
using Summaries = std::map<std::string, Summary>;

std::map<std::string, Summaries> Reference(const Load& load) {
  std::map<std::string, Summaries> customers;
  for (uint64_t number = 0; number < load.next; ++number) {
    const v1::CustomerEvent element = EventOf(load, number);
    const int64_t at = element.event().time().seconds();
    auto [summary, is_new] = customers[element.customer()].try_emplace(element.event().type(), Summary{0, 0, at, at});
    ++summary->second.count;
    summary->second.micros += element.event().money().micros();
    summary->second.first = std::min(summary->second.first, at);
    summary->second.last = std::max(summary->second.last, at);
  }
  return customers;
}

grpc::Status GetProfile(Replica& replica, const std::string& tenant, const std::string& customer,
                        v1::GetProfileResponse& response) {
  v1::GetProfileRequest request;
  request.set_tenant(tenant);
  request.set_customer(customer);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  return replica.profiles->GetProfile(&context, request, &response);
}

// How many customers' profiles are not what they must be.
int Differences(Load& load) {
  int differences = 0;
  size_t turn = 0;
  for (const auto& [customer, expected] : Reference(load)) {
    v1::GetProfileResponse response;
    const grpc::Status status =
        GetProfile(load.replicas[turn++ % load.replicas.size()], load.options.tenant, customer, response);
    Summaries found;
    for (const v1::EventSummary& summary : response.profile().events()) {
      found[summary.type()] = {summary.count(), std::llround(summary.total() * 1e6), summary.first_time().seconds(),
                               summary.last_time().seconds()};
    }
    if (status.ok() && found == expected) continue;
    if (differences++ > 0) continue;
    std::cerr << "event_load: " << customer << ' ' << status.error_message() << '\n';
    for (const auto& [type, summary] : expected) {
      std::cerr << type << ": " << found[type].count << " of " << summary.count << ", " << found[type].micros << " of "
                << summary.micros << '\n';
    }
  }
  return differences;
}

int Run(const Options& options) {
  Load load{.options = options, .now = absl::Now()};
  for (const std::string& address : options.addresses) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    load.replicas.push_back({v1::EventService::NewStub(channel), v1::ProfileService::NewStub(channel)});
  }
  std::thread input([&load] {
    while (std::cin.get() != EOF) {
    }
    load.input_ended = true;
  });
  std::vector<std::thread> callers;
  for (uint64_t i = 0; i < 9; ++i) {
    callers.emplace_back([&load, i] { Caller(load, i).Run(); });
  }
  for (std::thread& caller : callers) caller.join();
  const int differences = load.broken ? -1 : Differences(load);
  std::printf(
      "{\"events\": %ld, \"sent\": %ld, \"recorded\": %ld, \"duplicates\": %ld, \"failures\": %ld, \"differences\": "
      "%d}\n",
      static_cast<long>(load.next), static_cast<long>(load.sent), static_cast<long>(load.recorded),
      static_cast<long>(load.duplicates), static_cast<long>(load.failures), differences);
  input.join();
  return differences == 0 ? 0 : 1;
}

}  // namespace
}  // namespace waymark

int main(int argc, char** argv) {
  CLI::App app("Records events, and compares the profiles with what they must be.");
  waymark::Options options;
  app.add_option("--address", options.addresses, "host:port of a replica, once for each")->required();
  app.add_option("--tenant", options.tenant, "the tenant");
  app.add_option("--events", options.events, "how many at least");
  app.add_option("--seed", options.seed, "which events");
  CLI11_PARSE(app, argc, argv);
  return waymark::Run(options);
}
