#include "service/store/redis/link.h"

#include <hiredis/sds.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/base/clock.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/reply_guard.h"
#include "service/store/redis/uv_adapter.h"

namespace waymark::store {
namespace {

// What hiredis is given beyond what the socket took, about. No larger, so that what waits can still be left out.
constexpr size_t kMaxUnwritten = 16 << 10;

uint64_t MillisOf(absl::Duration duration) {
  return static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Milliseconds(duration), 1));
}

absl::Status ConnectionError(const redisAsyncContext& context) {
  if (context.err == REDIS_ERR_OOM) return absl::UnavailableError("redis answered what nobody asked for");
  return absl::UnavailableError(absl::StrCat("redis cannot be reached: ", context.errstr ? context.errstr : "closed"));
}

absl::Status Silent() { return absl::UnavailableError("redis does not answer in time"); }

absl::Status GreetingError(const absl::Status& status) {
  return absl::UnavailableError(absl::StrCat("redis did not let us in: ", status.message()));
}

// The value of a line "<name>:<value>"; empty where there is none.
absl::string_view ValueIn(absl::string_view info, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(info, absl::ByAnyChar("\r\n"), absl::SkipEmpty())) {
    if (absl::ConsumePrefix(&line, name) && absl::ConsumePrefix(&line, ":")) return line;
  }
  return "";
}

Link& LinkOf(const redisAsyncContext* context) { return *static_cast<Link*>(context->data); }

}  // namespace

Link::Link(uv_loop_t* loop, const RedisOptions& options, Endpoint endpoint, const std::vector<std::string>& greeting,
           Owner& owner)
    : loop_(loop),
      options_(options),
      endpoint_(std::move(endpoint)),
      greeting_(greeting),
      owner_(owner),
      deadlines_(loop, [this](const Request& request, absl::Time now) { Expired(request, now); }),
      why_down_(absl::UnavailableError("redis is not yet connected")),
      state_(why_down_) {
  for (uv_timer_t* timer : {&attempt_, &heartbeat_}) {
    uv_timer_init(loop, timer);
    timer->data = this;
  }
}

void Link::Start() { Connect(); }

void Link::Connect() {
  const bool by_path = endpoint_.port == 0;
  context_ = by_path ? redisAsyncConnectUnix(endpoint_.host.c_str())
                     : redisAsyncConnect(endpoint_.host.c_str(), endpoint_.port);
  if (context_ == nullptr) return Lost(absl::UnavailableError("redis cannot be reached: no memory"));
  if (context_->err != 0) return Drop(ConnectionError(*context_));
  context_->data = this;
  if (!AttachToLoop(context_, loop_, OnWritten))
    return Drop(absl::UnavailableError("redis's socket cannot be watched"));
  GuardReplies(context_);
  if (!by_path) redisEnableKeepAlive(&context_->c);
  redisAsyncSetConnectCallback(context_, OnConnect);
  redisAsyncSetDisconnectCallback(context_, OnDisconnect);
  uv_timer_start(
      &attempt_,
      [](uv_timer_t* timer) {
        static_cast<Link*>(timer->data)->Drop(absl::UnavailableError("redis did not let us in in time"));
      },
      MillisOf(options_.connect_timeout), /*repeat=*/0);
}

void Link::OnConnect(const redisAsyncContext* context, int status) {
  Link& link = LinkOf(context);
  if (context != link.context_) return;
  if (status == REDIS_OK) {
    link.Greet();
  } else {
    link.Lost(ConnectionError(*context));
  }
}

void Link::OnDisconnect(const redisAsyncContext* context, int) {
  Link& link = LinkOf(context);
  if (context == link.context_) link.Lost(ConnectionError(*context));
}

void Link::Greet() {
  greetings_ = 0;
  if (!options_.password.empty()) {
    GreetWith(options_.user.empty() ? FormatCommand({"AUTH", options_.password})
                                    : FormatCommand({"AUTH", options_.user, options_.password}));
  }
  if (options_.database != 0) GreetWith(FormatCommand({"SELECT", absl::StrCat(options_.database)}));
  for (const std::string& command : greeting_) GreetWith(command);
  GreetWith(FormatCommand({"INFO", "server"}), [this](const redisReply& reply) { Look(reply); });
  GreetWith(FormatCommand({"PING"}));
}

void Link::Look(const redisReply& info) {
  server_ = std::string(ValueIn(TextOf(info), "run_id"));
  clustered_ = ValueIn(TextOf(info), "redis_mode") == "cluster";
  // So that the replicas of a cluster serve reads themselves. (The masters take no notice.)
  if (clustered_ && options_.replica_reads != ReplicaReads::kNever) GreetWith(FormatCommand({"READONLY"}));
}

void Link::GreetWith(std::string command, std::function<void(const redisReply&)> look) {
  ++greetings_;
  Submit(std::make_unique<Request>(
      Route(), std::move(command), absl::InfiniteFuture(),
      [this, look = std::move(look)](const absl::StatusOr<const redisReply*>& reply) {
        if (!reply.ok()) {
          if (context_ != nullptr) Drop(GreetingError(reply.status()));
          return;
        }
        if (look) look(**reply);
        if (--greetings_ == 0) Up();
      },
      own_));
}

void Link::Up() {
  up_ = true;
  was_up_ = true;
  failures_ = 0;
  beating_ = false;
  uv_timer_stop(&attempt_);
  BeatEvery(options_.heartbeat);
  Tell(absl::OkStatus());
}

void Link::Tell(const absl::Status& state) {
  state_ = state;
  owner_.OnState(*this, state);
}

void Link::Drop(absl::Status why) {
  redisAsyncContext* context = std::exchange(context_, nullptr);
  Lost(std::move(why));
  if (context != nullptr) redisAsyncFree(context);  // answers what is in flight
}

void Link::Lost(absl::Status why) {
  context_ = nullptr;
  up_ = false;
  uv_timer_stop(&heartbeat_);
  why_down_ = std::move(why);
  CloseBreaker();
  FailUnsent();
  if (closed_) return;
  const absl::Duration backoff =
      std::min(options_.max_backoff, options_.min_backoff * static_cast<double>(1 << std::min(failures_++, 20)));
  uv_timer_start(
      &attempt_, [](uv_timer_t* timer) { static_cast<Link*>(timer->data)->Connect(); },
      MillisOf(backoff * absl::Uniform(random_, 0.5, 1.0)), /*repeat=*/0);
  Tell(why_down_);
}

void Link::BeatEvery(absl::Duration period) {
  uv_timer_start(
      &heartbeat_, [](uv_timer_t* timer) { static_cast<Link*>(timer->data)->Beat(); }, 0, MillisOf(period));
}

void Link::Beat() {
  if (beating_) {
    const absl::Time now = base::SteadyNow();
    if (now - answered_ >= options_.stall_timeout) {
      return Drop(absl::UnavailableError("redis stopped answering"));
    }
    const bool was_open = breaker_.open();
    if (now - beaten_ >= options_.heartbeat) breaker_.ProbeMissed(now - beaten_);
    return TellIfOpened(was_open);
  }
  beating_ = true;
  beaten_ = answered_ = base::SteadyNow();
  Submit(std::make_unique<Request>(
      Route(), FormatCommand({"DBSIZE"}), absl::InfiniteFuture(),
      [this](const absl::StatusOr<const redisReply*>& reply) {
        if (reply.ok() && IsInteger(**reply)) keys_ = (*reply)->integer;
      },
      own_));
  // Only its own answer has the number: so each answer is still that of its request, whatever bytes were damaged.
  const std::string number = absl::StrCat(++beats_);
  Submit(std::make_unique<Request>(
      Route(), FormatCommand({"PING", number}), absl::InfiniteFuture(),
      [this, number](const absl::StatusOr<const redisReply*>& reply) {
        beating_ = false;
        if (!reply.ok()) return;
        if (!IsText(**reply) || TextOf(**reply) != number) {
          return Drop(absl::UnavailableError("redis's answers are out of step"));
        }
        Beaten(base::SteadyNow() - beaten_);
      },
      own_));
}

void Link::Beaten(absl::Duration took) {
  const bool was_open = breaker_.open();
  breaker_.ProbeAnswered(took);
  if (breaker_.open()) return;
  if (was_open) {
    options_.metrics->BreakerChanged(false);
    BeatEvery(options_.heartbeat);
  }
  Tell(absl::OkStatus());
}

void Link::Expired(const Request& request, absl::Time now) {
  if (!up_) return;
  const bool was_open = breaker_.open();
  breaker_.TimedOut(now - request.sent);
  TellIfOpened(was_open);
}

void Link::TellIfOpened(bool was_open) {
  if (was_open || !breaker_.open()) return;
  options_.metrics->BreakerChanged(true);
  BeatEvery(options_.probe_period);
  Tell(Silent());
}

void Link::CloseBreaker() {
  if (breaker_.open()) options_.metrics->BreakerChanged(false);
  breaker_ = Breaker();
}

absl::Status Link::Admit(Request& request) {
  request.sent = base::SteadyNow();
  if (request.sent > request.deadline) {
    options_.metrics->Add(RedisMetrics::kExpiredUnsent);
    return absl::DeadlineExceededError("the deadline passed before redis was asked");
  }
  if (!up_) return why_down_;
  if (!breaker_.open()) return absl::OkStatus();
  options_.metrics->Add(RedisMetrics::kRefused);
  return Silent();
}

void Link::Send(std::unique_ptr<Request> request) {
  if (absl::Status refusal = Admit(*request); !refusal.ok()) return request->Answer(std::move(refusal));
  if (unsent_.empty() && !Full()) return Submit(std::move(request));
  deadlines_.Add(*request);
  unsent_.push_back(std::move(request));
}

void Link::SendAsking(std::unique_ptr<Request> request) {
  if (absl::Status refusal = Admit(*request); !refusal.ok()) return request->Answer(std::move(refusal));
  Submit(std::make_unique<Request>(
      Route(), FormatCommand({"ASKING"}), absl::InfiniteFuture(), [](const absl::StatusOr<const redisReply*>&) {},
      own_));
  Submit(std::move(request));
}

void Link::Submit(std::unique_ptr<Request> request) {
  if (context_ == nullptr || redisAsyncFormattedCommand(context_, OnReply, request.get(), request->command.data(),
                                                        request->command.size()) != REDIS_OK) {
    return request->Answer(absl::UnavailableError("redis is being given up"));
  }
  deadlines_.Add(*request.release());  // hiredis has it now, and gives it to OnReply, once
  unwritten_ = true;
}

void Link::OnReply(redisAsyncContext* context, void* reply, void* taken) {
  std::unique_ptr<Request> request(static_cast<Request*>(taken));
  Link& link = LinkOf(context);
  link.deadlines_.Erase(*request);
  if (reply == nullptr) {
    link.Losing(context);
    return request->Answer(absl::UnavailableError("the connection to redis was lost"));
  }
  link.answered_ = base::SteadyNow();
  if (!request->answered() && !link.IsOwn(*request)) link.breaker_.Answered();
  link.owner_.OnReply(link);
  const auto* answer = static_cast<const redisReply*>(reply);
  if (answer->type == REDIS_REPLY_ERROR) {
    if (!link.IsOwn(*request)) link.owner_.OnError(link, *answer, request);
    if (request != nullptr) request->Answer(StatusOf(*answer));
    return;
  }
  request->Answer(answer);
}

void Link::Losing(const redisAsyncContext* context) {
  if (context != context_ || !up_) return;
  up_ = false;
  why_down_ = absl::UnavailableError("the connection to redis was lost");
  Tell(why_down_);
}

bool Link::Full() const { return sdslen(context_->c.obuf) >= kMaxUnwritten; }

void Link::SubmitUnsent() {
  while (up_ && !unsent_.empty() && !Full()) {
    std::unique_ptr<Request> request = std::move(unsent_.front());
    unsent_.pop_front();
    deadlines_.Erase(*request);
    if (!request->answered()) {
      Submit(std::move(request));
    } else {
      options_.metrics->Add(RedisMetrics::kExpiredUnsent);
    }
  }
}

void Link::FailUnsent() {
  for (std::deque<std::unique_ptr<Request>> unsent = std::exchange(unsent_, {}); !unsent.empty(); unsent.pop_front()) {
    deadlines_.Erase(*unsent.front());
    unsent.front()->Answer(why_down_);
  }
}

void Link::OnWritten(redisAsyncContext* context) { LinkOf(context).SubmitUnsent(); }

void Link::Flush() {
  while (up_ && std::exchange(unwritten_, false)) {
    redisAsyncHandleWrite(context_);
    SubmitUnsent();
  }
}

void Link::Close() {
  closed_ = true;
  why_down_ = absl::UnavailableError("the store is closing");
  Drop(why_down_);
  deadlines_.Close();
  for (uv_timer_t* timer : {&attempt_, &heartbeat_}) uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
}

}  // namespace waymark::store
