// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace coppice::admin {

/// A mutex that is locked in the order of the calls of `lock`: a thread that
/// unlocks it and locks it again at once comes after those that wait. Not
/// recursive.
class fair_mutex {
public:
  fair_mutex() = default;
  fair_mutex(const fair_mutex&) = delete;
  fair_mutex& operator=(const fair_mutex&) = delete;

  void lock() {
    std::unique_lock guard{mutex_};
    auto mine = asked_++;
    changed_.wait(guard, [&] { return served_ == mine; });
  }

  void unlock() {
    {
      std::lock_guard guard{mutex_};
      ++served_;
    }
    changed_.notify_all();
  }

  /// How many threads wait for it.
  std::size_t waiting() const {
    std::lock_guard guard{mutex_};
    auto had = asked_ - served_; // its owner included
    return had == 0 ? 0 : had - 1;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 0;  // guarded by mutex_
  std::uint64_t served_ = 0; // guarded by mutex_
};

} // namespace coppice::admin
