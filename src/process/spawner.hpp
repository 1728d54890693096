// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace coppice::process {

/// The thread that starts all programs, one after the other. It never ends,
/// since they die with it. It may wait: for the disk that a program is on, or
/// for the directory of users.
class spawner {
public:
  /// Begins when it is first needed.
  static spawner& get();

  /// Any thread.
  void post(std::function<void()> fn);

private:
  spawner();

  [[noreturn]] void run();

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
};

} // namespace coppice::process
