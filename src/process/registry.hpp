// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <mutex>
#include <set>

namespace coppice::process {

/// Which children of this process are programs of coppice's. Thread-safe.
class registry {
public:
  /// Lasts as long as the process.
  static registry& get();

  /// Held while a child is made and entered, so that nobody takes it for a
  /// stranger in between.
  std::unique_lock<std::mutex> hold() {
    return std::unique_lock{mutex_};
  }

  /// Does not wait for one that is being made.
  std::unique_lock<std::mutex> try_hold() {
    return std::unique_lock{mutex_, std::try_to_lock};
  }

  // -- while it is held -------------------------------------------------------

  void add(pid_t pid) {
    ours_.insert(pid);
  }

  void remove(pid_t pid) {
    ours_.erase(pid);
  }

  bool contains(pid_t pid) const {
    return ours_.contains(pid);
  }

  /// How many `own_child` there are.
  std::size_t others = 0;

private:
  std::mutex mutex_;
  std::set<pid_t> ours_;
};

} // namespace coppice::process
