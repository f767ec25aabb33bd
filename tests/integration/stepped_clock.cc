// Steps the machine's clock for one process: a library for LD_PRELOAD, with the variable STEPPED_CLOCK naming a file
// that holds a number of seconds, an int64 in the machine's order, by which that clock is ahead. The file may be
// changed at any time. What waits until a time of that clock waits for as long as it would have, by the step of its
// beginning.
//
// Not libfaketime, which does not run with jemalloc: nothing here allocates.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

const std::atomic<int64_t>* ahead = nullptr;

__attribute__((constructor)) void Open() {
  const char* path = std::getenv("STEPPED_CLOCK");
  if (path == nullptr) return;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  void* mapped = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) std::abort();
  close(file);
  ahead = static_cast<const std::atomic<int64_t>*>(mapped);
}

int64_t Ahead() { return ahead == nullptr ? 0 : ahead->load(std::memory_order_relaxed); }

// The C library's own; `version`: of x86's, which has two of that name.
template <typename Function>
Function* Next(std::atomic<Function*>& known, const char* name, const char* version = nullptr) {
  Function* function = known.load(std::memory_order_relaxed);
  if (function == nullptr) {
    void* symbol = version == nullptr ? nullptr : dlvsym(RTLD_NEXT, name, version);
    if (symbol == nullptr) symbol = dlsym(RTLD_NEXT, name);
    function = reinterpret_cast<Function*>(symbol);
    known.store(function, std::memory_order_relaxed);
  }
  return function;
}

// A time of the stepped clock by the machine's.
timespec Machines(const timespec& time) {
  timespec machines = time;
  machines.tv_sec -= Ahead();
  return machines;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static std::atomic<int (*)(clockid_t, timespec*)> next;
  const int result = Next(next, "clock_gettime")(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += Ahead();
  return result;
}

int gettimeofday(timeval* __restrict time, void* __restrict zone) noexcept {
  static std::atomic<int (*)(timeval*, void*)> next;
  const int result = Next(next, "gettimeofday")(time, zone);
  if (result == 0) time->tv_sec += Ahead();
  return result;
}

time_t time(time_t* to) noexcept {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  if (to != nullptr) *to = now.tv_sec;
  return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t* __restrict condition, pthread_mutex_t* __restrict mutex,
                           const timespec* __restrict until) {
  static std::atomic<int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*)> next;
  constexpr time_t kNoUptime = 1'000'000'000;  // seconds: what is earlier is of the steady clock
  const timespec machines = until->tv_sec < kNoUptime ? *until : Machines(*until);
  return Next(next, "pthread_cond_timedwait", "GLIBC_2.3.2")(condition, mutex, &machines);
}

// abseil's mutexes wait in the kernel by themselves.
long syscall(long number, ...) noexcept {
  static std::atomic<long (*)(long, ...)> next;
  va_list list;
  va_start(list, number);
  long words[6];
  for (long& word : words) word = va_arg(list, long);
  va_end(list);
  timespec machines = {};
  if (number == SYS_futex && (words[1] & FUTEX_CLOCK_REALTIME) != 0 && words[3] != 0) {
    machines = Machines(*reinterpret_cast<const timespec*>(words[3]));
    words[3] = reinterpret_cast<long>(&machines);
  }
  return Next(next, "syscall")(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

}  // extern "C"
