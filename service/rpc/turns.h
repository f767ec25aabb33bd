#ifndef WAYMARK_SERVICE_RPC_TURNS_H_
#define WAYMARK_SERVICE_RPC_TURNS_H_

#include <array>
#include <cstddef>
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

// Whose turn it is: the first class that waits, and of one class who came first. One turn in twenty goes to the last
// class that waits, so that nobody waits for ever. Borrows the calls. Thread-compatible.
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

  // The next one, who does not wait any more. REQUIRES: not empty.
  WaitingCall& Next() {
    const bool last_first = ++turns_ % kOneTurnIn == 0;
    size_t i = last_first ? kCallClasses - 1 : 0;
    while (waiting_[i].empty()) i += last_first ? -1 : 1;
    WaitingCall& call = *waiting_[i].front();
    waiting_[i].pop_front();
    return call;
  }

 private:
  static constexpr unsigned kOneTurnIn = 20;

  std::array<std::deque<WaitingCall*>, kCallClasses> waiting_;
  unsigned turns_ = 0;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_TURNS_H_
