// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace coppice::nemesis {

/// How long many things took, to within 3 %, in memory of a fixed size.
class latencies {
public:
  void add(std::chrono::microseconds took);

  std::uint64_t count() const noexcept {
    return count_;
  }

  /// What `percent` of them (0 to 100) took at most; 0 if there are none.
  std::chrono::microseconds percentile(double percent) const;

  std::chrono::microseconds longest() const noexcept {
    return longest_;
  }

private:
  // 32 equal parts of each power of two.
  static constexpr unsigned part_bits = 5;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t top_of(std::size_t bucket);

  std::array<std::uint64_t, (64 - part_bits + 1) << part_bits> buckets_{};
  std::uint64_t count_ = 0;
  std::chrono::microseconds longest_{0};
};

} // namespace coppice::nemesis
