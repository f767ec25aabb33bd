#ifndef WAYMARK_TESTS_SERVICE_CLI_FAKE_TARGET_H_
#define WAYMARK_TESTS_SERVICE_CLI_FAKE_TARGET_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/cli/sender.h"

namespace waymark::testing_support {

// What an import talks to, in memory: counts each event id of a customer once, as the service does. Thread-safe.
class FakeTarget {
 public:
  // The next calls of either method fail with these, one each.
  void FailNext(std::vector<absl::Status> failures) {
    absl::MutexLock lock(&mutex_);
    failures_ = std::move(failures);
  }
  // Fails every call.
  void FailAlways(absl::Status failure) {
    absl::MutexLock lock(&mutex_);
    always_ = std::move(failure);
  }
  // Events of this type are refused; with `retry` only the first time that each is sent.
  void RefuseType(std::string type, bool retry) {
    absl::MutexLock lock(&mutex_);
    refused_type_ = std::move(type);
    retry_ = retry;
  }

  cli::ImportTarget target() {
    return {[this](const v1::UpdateProfileRequest& request) { return UpdateProfile(request); },
            [this](const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response) {
              return RecordEvents(request, response);
            }};
  }

  absl::Status UpdateProfile(const v1::UpdateProfileRequest& request) {
    absl::MutexLock lock(&mutex_);
    ++calls_;
    absl::Status failure = TakeFailure();
    if (!failure.ok()) return failure;
    if (request.profile().traits().contains("unknown")) {
      return absl::InvalidArgumentError("profile.traits.unknown: no such trait");
    }
    ++updates_;
    profiles_[request.profile().customer()].MergeFrom(request.profile());
    return absl::OkStatus();
  }

  absl::Status RecordEvents(const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response) {
    absl::MutexLock lock(&mutex_);
    ++calls_;
    tenants_.insert(request.tenant());
    batches_.push_back(request.events_size());
    // A failure strikes after the events were recorded: the answer was lost.
    for (int i = 0; i < request.events_size(); ++i) Take(request.events(i), i, response);
    return TakeFailure();
  }

  // By customer, in the order in which they came; each id once.
  std::map<std::string, std::vector<v1::Event>> events() const {
    absl::MutexLock lock(&mutex_);
    return events_;
  }
  std::map<std::string, v1::Profile> profiles() const {
    absl::MutexLock lock(&mutex_);
    return profiles_;
  }
  std::set<std::string> tenants() const {
    absl::MutexLock lock(&mutex_);
    return tenants_;
  }
  std::vector<int> batches() const {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }
  // Profiles taken.
  int updates() const {
    absl::MutexLock lock(&mutex_);
    return updates_;
  }
  int calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

 private:
  absl::Status TakeFailure() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!always_.ok()) return always_;
    if (failures_.empty()) return absl::OkStatus();
    absl::Status failure = failures_.back();
    failures_.pop_back();
    return failure;
  }

  void Take(const v1::CustomerEvent& element, int index, v1::RecordEventsResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string key = absl::StrCat(element.customer(), "\n", element.event().id());
    if (element.event().type() == refused_type_ && !(retry_ && !tried_.insert(key).second)) {
      v1::RefusedEvent& refused = *response.add_refused();
      refused.set_index(index);
      refused.set_retry(retry_);
      refused.mutable_problem()->set_field(absl::StrCat("events[", index, "].event.type"));
      refused.mutable_problem()->set_message("not now");
      return;
    }
    if (!seen_.insert(key).second) {
      response.set_duplicates(response.duplicates() + 1);
      return;
    }
    response.set_recorded(response.recorded() + 1);
    events_[element.customer()].push_back(element.event());
  }

  mutable absl::Mutex mutex_;
  std::vector<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  absl::Status always_ ABSL_GUARDED_BY(mutex_);
  std::string refused_type_ ABSL_GUARDED_BY(mutex_);
  bool retry_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> tried_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> seen_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<v1::Event>> events_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Profile> profiles_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> tenants_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> batches_ ABSL_GUARDED_BY(mutex_);
  int updates_ ABSL_GUARDED_BY(mutex_) = 0;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_CLI_FAKE_TARGET_H_
