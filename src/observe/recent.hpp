// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace coppice::observe {

/// The last of things that are numbered 1, 2, 3, … as they come, for readers
/// that remember which number they have seen.
template <class T>
class recent {
public:
  /// Some that follow each other: the numbers from `first` up to `end`.
  struct range {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::uint64_t missed = 0; ///< Before `first`, not kept any more.
  };

  /// @pre `capacity` >= 1
  explicit recent(std::size_t capacity) : capacity_(capacity) {
    // nop
  }

  /// Keeps `what` as number `last() + 1`; the oldest goes if it is `full()`.
  void push(T what) {
    if (full())
      kept_.pop_front();
    kept_.push_back(std::move(what));
    ++last_;
  }

  bool full() const noexcept {
    return kept_.size() == capacity_;
  }

  /// The number of the latest; 0: there was none.
  std::uint64_t last() const noexcept {
    return last_;
  }

  /// The number of the oldest that is kept; `last() + 1` if none is.
  std::uint64_t first() const noexcept {
    return last_ + 1 - kept_.size();
  }

  /// @pre `first()` <= `number` <= `last()`
  const T& at(std::uint64_t number) const {
    return kept_[number - first()];
  }

  /// At most `limit` that follow `number`.
  range after(std::uint64_t number, std::size_t limit) const noexcept {
    if (number >= last_)
      return {};
    auto begin = std::max(number + 1, first());
    return {begin, begin + std::min<std::uint64_t>(limit, last_ + 1 - begin),
            begin - number - 1};
  }

private:
  std::size_t capacity_;
  std::deque<T> kept_;
  std::uint64_t last_ = 0;
};

} // namespace coppice::observe
