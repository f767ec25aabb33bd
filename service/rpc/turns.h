#ifndef WAYMARK_SERVICE_RPC_TURNS_H_
#define WAYMARK_SERVICE_RPC_TURNS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "service/rpc/admission.h"

namespace waymark::rpc {

// A call that came and waits for its turn.
class WaitingCall {
 public:
  virtual void TakeTurn() = 0;

 protected:
  ~WaitingCall() = default;
};

// Whose turn it is: the first class that waits, and of one class who came first. So that nobody waits for ever, a
// twentieth goes to the last class that waits: of the work, which is more than one call's where a call holds many
// items. Borrows the calls. Thread-compatible.
class Turns {
 public:
  void Wait(CallClass of, WaitingCall& call) { waiting_[static_cast<size_t>(of)].push_back(&call); }

  // How many wait.
  size_t size() const {
    size_t calls = 0;
    for (const std::deque<WaitingCall*>& of_class : waiting_) calls += of_class.size();
    return calls;
  }
  bool empty() const { return size() == 0; }

  // Whether one of those who wait may go on: `open` says it of a class.
  template <typename Open>
  bool MayGoOn(Open open) const {
    for (size_t i = 0; i < kCallClasses; ++i) {
      if (!waiting_[i].empty() && open(static_cast<CallClass>(i))) return true;
    }
    return false;
  }

  // The next one of those who may go on, who does not wait any more; nullptr: none.
  template <typename Open>
  WaitingCall* Next(Open open) {
    last_first_ = until_last_ <= 0;
    for (size_t n = 0; n < kCallClasses; ++n) {
      const size_t i = last_first_ ? kCallClasses - 1 - n : n;
      if (waiting_[i].empty() || !open(static_cast<CallClass>(i))) continue;
      WaitingCall& call = *waiting_[i].front();
      waiting_[i].pop_front();
      return &call;
    }
    return nullptr;
  }

  // The turn that was given last was worth so much work, 1 or more.
  void Took(int64_t work) { until_last_ = last_first_ ? (kOneIn - 1) * work : until_last_ - work; }

 private:
  static constexpr int64_t kOneIn = 20;

  std::array<std::deque<WaitingCall*>, kCallClasses> waiting_;
  int64_t until_last_ = kOneIn - 1;  // work
  bool last_first_ = false;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_TURNS_H_
