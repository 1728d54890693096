// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace coppice::journal {

/// Events that wait to be written, the oldest first. Bounded in number and in
/// bytes; the oldest are lost when there are more.
class waiting_events {
public:
  static constexpr std::size_t most = 20'000;
  static constexpr std::size_t most_bytes = 16 << 20;

  /// @pre `limit` >= 1
  explicit waiting_events(std::size_t limit) : limit_(limit) {
    // nop
  }

  void add(std::span<const observe::event> events);

  /// The oldest ones, enough for one transaction.
  std::vector<observe::event> first() const;

  /// Forgets the `count` oldest, which are written.
  void remove(std::size_t count);

  /// Loses all that are left.
  void lose_all();

  bool empty() const noexcept {
    return events_.empty();
  }

  std::size_t size() const noexcept {
    return events_.size();
  }

  /// How many were lost so far.
  std::uint64_t lost() const noexcept {
    return lost_;
  }

private:
  std::size_t limit_;
  std::deque<observe::event> events_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
};

} // namespace coppice::journal
