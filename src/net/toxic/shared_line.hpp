// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace coppice::net {

/// A line that connections of all reactors send on, one piece after the other.
/// Thread-safe.
class shared_line {
public:
  using clock = std::chrono::steady_clock;

  /// A piece that is there at `when` and takes `length` to send: when it has
  /// been sent, behind all that came before it.
  clock::time_point send(clock::time_point when,
                         clock::duration length) noexcept {
    auto from = when.time_since_epoch().count();
    for (auto free = free_.load();;) {
      auto sent = std::max(free, from) + length.count();
      if (free_.compare_exchange_weak(free, sent))
        return clock::time_point{clock::duration{sent}};
    }
  }

private:
  std::atomic<clock::rep> free_
    = clock::time_point{}.time_since_epoch().count();
};

} // namespace coppice::net
