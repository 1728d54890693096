// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace coppice::observe {

/// How long things took, as it was when somebody looked.
struct distribution {
  std::vector<std::chrono::nanoseconds> bounds = {}; ///< Ascending; inclusive.
  /// How many were within each bound and beyond the one before it; one more
  /// than there are bounds, for those beyond the last.
  std::vector<std::uint64_t> counts = {};
  std::chrono::nanoseconds sum = {};
};

/// Counts durations by how long they are. One thread adds at a time, any may
/// look; adding is a few instructions, so that a reactor can do it each round.
template <std::size_t N>
class histogram {
public:
  using bounds = std::array<std::chrono::nanoseconds, N>;

  /// `upper` is ascending.
  constexpr explicit histogram(const bounds& upper) : bounds_(upper) {
    // nop
  }

  void add(std::chrono::nanoseconds value) noexcept {
    std::size_t i = 0;
    while (i < N && value > bounds_[i])
      ++i;
    raise(counts_[i], 1);
    raise(sum_,
          static_cast<std::uint64_t>(std::max(value, value.zero()).count()));
  }

  distribution read() const {
    distribution result{{bounds_.begin(), bounds_.end()}, {}, {}};
    for (auto& each : counts_)
      result.counts.push_back(each.load(std::memory_order_relaxed));
    result.sum = std::chrono::nanoseconds{sum_.load(std::memory_order_relaxed)};
    return result;
  }

private:
  using cell = std::atomic<std::uint64_t>;

  // Cheaper than fetch_add, and enough for a single writer.
  static void raise(cell& what, std::uint64_t n) noexcept {
    what.store(what.load(std::memory_order_relaxed) + n,
               std::memory_order_relaxed);
  }

  bounds bounds_;
  std::array<cell, N + 1> counts_ = {};
  cell sum_ = 0; // nanoseconds
};

} // namespace coppice::observe
