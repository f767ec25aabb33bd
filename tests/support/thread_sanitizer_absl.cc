// Tells ThreadSanitizer of absl::Mutex, absl::CondVar and absl::Notification. Debian's abseil is not instrumented, so
// the sanitizer sees neither that they lock nor what happens before what, and would report all that they guard. The
// functions here take the place of the library's, of which each test of the preset `tsan` then has its own: they call
// it, and say what it did. An unlocking thread also looks at the conditions of those who wait, while it holds the lock,
// which the sanitizer cannot see; what is read there is not looked at.

#include <dlfcn.h>

#include <cstdint>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

// As absl::Duration, and absl::Time, which is one, are passed.
struct Duration {
  int64_t high;
  uint32_t low;
};

template <typename Function>
Function Find(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

class WithoutReads {
 public:
  WithoutReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~WithoutReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// Where absl::Notification keeps whether it was notified: behind its mutex. Its inline functions read it.
void* FlagOf(const void* notification) { return static_cast<char*>(const_cast<void*>(notification)) + 8; }

}  // namespace

// Takes a lock, or waits for one: `released` says that it was held before.
#define WAYMARK_LOCKS(result, name, symbol, released, parameters, arguments, types)     \
  extern "C" __attribute__((visibility("default"))) result name parameters asm(symbol); \
  extern "C" result name parameters {                                                   \
    static const auto real = Find<result(*) types>(symbol);                             \
    if (released) __tsan_release(mutex);                                                \
    struct Acquire {                                                                    \
      void* mutex;                                                                      \
      ~Acquire() { __tsan_acquire(mutex); }                                             \
    } acquire{mutex};                                                                   \
    const WithoutReads without;                                                         \
    return real arguments;                                                              \
  }

#define WAYMARK_UNLOCKS(name, symbol)                                                   \
  extern "C" __attribute__((visibility("default"))) void name(void* mutex) asm(symbol); \
  extern "C" void name(void* mutex) {                                                   \
    static const auto real = Find<void (*)(void*)>(symbol);                             \
    __tsan_release(mutex);                                                              \
    const WithoutReads without;                                                         \
    real(mutex);                                                                        \
  }

#define MUTEX "_ZN4absl7debian35Mutex"
#define CONDVAR "_ZN4absl7debian37CondVar"
#define NOTIFICATION "_ZN4absl7debian312Notification"
#define NOTIFICATION_CONST "_ZNK4absl7debian312Notification"
#define CONDITION "RKNS0_9ConditionE"

WAYMARK_LOCKS(void, Lock, MUTEX "4LockEv", false, (void* mutex), (mutex), (void*))
WAYMARK_LOCKS(bool, TryLock, MUTEX "7TryLockEv", false, (void* mutex), (mutex), (void*))
WAYMARK_LOCKS(void, ReaderLock, MUTEX "10ReaderLockEv", false, (void* mutex), (mutex), (void*))
WAYMARK_LOCKS(bool, ReaderTryLock, MUTEX "13ReaderTryLockEv", false, (void* mutex), (mutex), (void*))
WAYMARK_LOCKS(void, LockWhen, MUTEX "8LockWhenE" CONDITION, false, (void* mutex, const void* condition),
              (mutex, condition), (void*, const void*))
WAYMARK_LOCKS(void, ReaderLockWhen, MUTEX "14ReaderLockWhenE" CONDITION, false, (void* mutex, const void* condition),
              (mutex, condition), (void*, const void*))
WAYMARK_LOCKS(bool, LockWhenWithTimeout, MUTEX "19LockWhenWithTimeoutE" CONDITION "NS0_8DurationE", false,
              (void* mutex, const void* condition, Duration timeout), (mutex, condition, timeout),
              (void*, const void*, Duration))
WAYMARK_LOCKS(bool, LockWhenWithDeadline, MUTEX "20LockWhenWithDeadlineE" CONDITION "NS0_4TimeE", false,
              (void* mutex, const void* condition, Duration deadline), (mutex, condition, deadline),
              (void*, const void*, Duration))
WAYMARK_LOCKS(void, Await, MUTEX "5AwaitE" CONDITION, true, (void* mutex, const void* condition), (mutex, condition),
              (void*, const void*))
WAYMARK_LOCKS(bool, AwaitWithTimeout, MUTEX "16AwaitWithTimeoutE" CONDITION "NS0_8DurationE", true,
              (void* mutex, const void* condition, Duration timeout), (mutex, condition, timeout),
              (void*, const void*, Duration))
WAYMARK_LOCKS(bool, AwaitWithDeadline, MUTEX "17AwaitWithDeadlineE" CONDITION "NS0_4TimeE", true,
              (void* mutex, const void* condition, Duration deadline), (mutex, condition, deadline),
              (void*, const void*, Duration))
WAYMARK_LOCKS(void, CondVarWait, CONDVAR "4WaitEPNS0_5MutexE", true, (void* variable, void* mutex), (variable, mutex),
              (void*, void*))
WAYMARK_LOCKS(bool, CondVarWaitWithTimeout, CONDVAR "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE", true,
              (void* variable, void* mutex, Duration timeout), (variable, mutex, timeout), (void*, void*, Duration))
WAYMARK_LOCKS(bool, CondVarWaitWithDeadline, CONDVAR "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE", true,
              (void* variable, void* mutex, Duration deadline), (variable, mutex, deadline), (void*, void*, Duration))
WAYMARK_UNLOCKS(Unlock, MUTEX "6UnlockEv")
WAYMARK_UNLOCKS(ReaderUnlock, MUTEX "12ReaderUnlockEv")

extern "C" void Notify(void* notification) asm(NOTIFICATION "6NotifyEv");
extern "C" void Notify(void* notification) {
  static const auto real = Find<void (*)(void*)>(NOTIFICATION "6NotifyEv");
  __tsan_release(FlagOf(notification));
  const WithoutReads without;
  real(notification);
}

extern "C" void WaitForNotification(const void* notification) asm(NOTIFICATION_CONST "19WaitForNotificationEv");
extern "C" void WaitForNotification(const void* notification) {
  static const auto real = Find<void (*)(const void*)>(NOTIFICATION_CONST "19WaitForNotificationEv");
  real(notification);
  __tsan_acquire(FlagOf(notification));
}

extern "C" bool WaitForNotificationWithTimeout(const void* notification,
                                               Duration timeout) asm(NOTIFICATION_CONST
                                                                     "30WaitForNotificationWithTimeoutENS0_8DurationE");
extern "C" bool WaitForNotificationWithTimeout(const void* notification, Duration timeout) {
  static const auto real =
      Find<bool (*)(const void*, Duration)>(NOTIFICATION_CONST "30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = real(notification, timeout);
  if (notified) __tsan_acquire(FlagOf(notification));
  return notified;
}
