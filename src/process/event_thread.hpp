// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coppice::process {

/// The thread that watches all programs of this process: what they write, when
/// they end, and what has to be done after a time. It begins when it is first
/// needed and never ends; without anything to do it sleeps.
class event_thread {
public:
  using clock = std::chrono::steady_clock;
  using number = std::uint64_t; ///< Of a watch or a timer; 0 is none.

  static event_thread& get();

  /// Has the thread call `fn`, which must not block. Any thread.
  void post(std::function<void()> fn);

  // -- for the thread itself --------------------------------------------------

  /// Calls `fn` with the events of epoll, until `unwatch`. Returns 0, and
  /// leaves errno, if that is not possible.
  number watch(int fd, std::uint32_t events,
               std::function<void(std::uint32_t)> fn);

  /// Forgets a watch. To be called before `fd` is closed. 0 is ignored.
  void unwatch(number which, int fd);

  number after(std::chrono::milliseconds delay, std::function<void()> fn);

  /// Forgets a timer; one that has fired is ignored, as 0 is.
  void cancel(number which);

private:
  using callback = std::function<void(std::uint32_t)>;

  event_thread();

  [[noreturn]] void run();
  void run_posted();
  void run_due();
  int wait_limit() const;

  const int epoll_;
  const int wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_; // guarded by it
  number last_ = 0;
  std::unordered_map<number, callback> watches_;
  std::map<std::pair<clock::time_point, number>, std::function<void()>> timers_;
  std::unordered_map<number, clock::time_point> due_;
};

} // namespace coppice::process
