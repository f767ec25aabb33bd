#include "service/cli/bulk_decider.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/cli/decisions_json.h"

namespace waymark::cli {
namespace {

constexpr size_t kMaxQueue = 5'000;

}  // namespace

std::vector<BulkDecider::Asked> BulkDecider::Batch::Left() const {
  std::vector<Asked> left = again;
  left.insert(left.end(), customers.begin() + static_cast<std::ptrdiff_t>(answered), customers.end());
  return left;
}

BulkDecider::BulkDecider(DecideStreamCall call, Options options, BulkFile& file)
    : call_(std::move(call)), options_(std::move(options)), file_(file) {
  for (int i = 0; i < std::max(options_.workers, 1); ++i) workers_.emplace_back([this] { Run(); });
}

BulkDecider::~BulkDecider() {
  Close(absl::CancelledError("dropped"));
  for (std::thread& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
}

absl::Status BulkDecider::Add(const std::string& customer) {
  absl::optional<std::string> decision_id = file_.Remember(customer);
  if (!decision_id.has_value()) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  const auto room = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return queue_.size() < kMaxQueue || !failure_.ok(); };
  mutex_.Await(absl::Condition(&room));
  if (!failure_.ok()) return failure_;
  queue_.push_back({customer, *std::move(decision_id)});
  return absl::OkStatus();
}

absl::Status BulkDecider::Finish(const absl::Status& added) {
  Close(added);
  for (std::thread& worker : workers_) worker.join();
  absl::MutexLock lock(&mutex_);
  return failure_;
}

BulkDecider::Counts BulkDecider::counts() const {
  absl::MutexLock lock(&mutex_);
  return counts_;
}

// The first failure is the run's; with one, nothing more is taken.
void BulkDecider::Close(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  failure_.Update(status);
}

std::vector<BulkDecider::Asked> BulkDecider::Take() {
  absl::MutexLock lock(&mutex_);
  const size_t batch = static_cast<size_t>(options_.batch);
  const auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return queue_.size() >= batch || closed_; };
  mutex_.Await(absl::Condition(&enough));
  if (!failure_.ok()) return {};
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(batch, queue_.size()));
  std::vector<Asked> customers(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return customers;
}

// What of a batch was not answered is asked again, after a pause; false where that was done too often.
bool BulkDecider::Next(Batch& batch, v1::DecideStreamRequest& request) {
  if (absl::MutexLock lock(&mutex_); !failure_.ok()) return false;
  std::vector<Asked> left = batch.Left();
  if (left.empty()) {
    left = Take();
  } else if (++batch.attempts >= options_.attempts) {
    return false;
  } else {
    options_.wait(PauseAfter(batch.attempts));
  }
  batch.customers = std::move(left);
  batch.answered = 0;
  batch.again.clear();
  request = options_.question;
  for (const Asked& asked : batch.customers) {
    v1::CustomerToDecide& element = *request.add_customers();
    element.set_customer(asked.customer);
    element.set_decision_id(asked.decision_id);
  }
  return !batch.customers.empty();
}

absl::Status BulkDecider::TakeAnswers(Batch& batch, const v1::DecideStreamResponse& response) {
  batch.lines.Clear();
  batch.ended = absl::OkStatus();
  Counts counts;
  for (const v1::CustomerDecisions& answer : response.answers()) {
    if (batch.answered == batch.customers.size() || answer.customer() != batch.customers[batch.answered].customer) {
      return absl::InternalError("the service answered for a customer who was not asked about");
    }
    ++batch.answered;
    if (answer.retry()) {
      batch.again.push_back(batch.customers[batch.answered - 1]);
      continue;
    }
    batch.attempts = 0;
    ++(answer.has_refusal() ? counts.refused : counts.decided);
    batch.lines.Add(answer);
  }
  absl::MutexLock lock(&mutex_);
  absl::Status status = file_.Append(batch.lines.text());
  if (status.ok()) {
    counts_.decided += counts.decided;
    counts_.refused += counts.refused;
  }
  return status;
}

void BulkDecider::Run() {
  Batch batch;
  absl::Status written;
  const auto next = [&](v1::DecideStreamRequest& request) { return Next(batch, request); };
  const auto each = [&](const v1::DecideStreamResponse& response) { return written = TakeAnswers(batch, response); };
  while (true) {
    // A stream that had to wait too long for its next message was cancelled.
    const absl::Status status = call_(next, each);
    const bool again = MayHelpToRepeat(status) || absl::IsCancelled(status);
    if (!written.ok() || (!status.ok() && !again)) return Close(written.ok() ? status : written);
    if (!status.ok()) {
      batch.ended = status;
    } else if (batch.attempts < options_.attempts) {
      return;
    } else {
      return Close(batch.ended.ok() ? absl::UnavailableError("the service's store does not answer") : batch.ended);
    }
  }
}

}  // namespace waymark::cli
