// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/latency.hpp"

#include <algorithm>
#include <cmath>

namespace coppice::nemesis {

using std::chrono::microseconds;

std::size_t latencies::bucket_of(std::uint64_t value) {
  constexpr std::uint64_t exact = 1ULL << part_bits;
  if (value < exact)
    return value;
  auto shift = static_cast<unsigned>(std::bit_width(value)) - part_bits - 1;
  return ((shift + 1ULL) << part_bits) + ((value >> shift) & (exact - 1));
}

std::uint64_t latencies::top_of(std::size_t bucket) {
  constexpr std::uint64_t exact = 1ULL << part_bits;
  if (bucket < exact)
    return bucket;
  auto shift = (bucket >> part_bits) - 1;
  return (((bucket & (exact - 1)) + exact + 1) << shift) - 1;
}

void latencies::add(microseconds took) {
  took = std::max(took, microseconds{0});
  ++buckets_[bucket_of(static_cast<std::uint64_t>(took.count()))];
  ++count_;
  longest_ = std::max(longest_, took);
}

microseconds latencies::percentile(double percent) const {
  auto wanted = static_cast<std::uint64_t>(
    std::ceil(static_cast<double>(count_) * percent / 100));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > 0 && seen >= wanted)
      return std::min(longest_, microseconds{top_of(i)});
  }
  return longest_;
}

} // namespace coppice::nemesis
