// SPDX-License-Identifier: BSD-3-Clause

#include "net/cpu_limit.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

namespace coppice::net {

std::optional<unsigned> parse_cpu_max(std::string_view text) {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  auto* last = text.data() + text.size();
  auto [rest, bad_quota] = std::from_chars(text.data(), last, quota);
  if (bad_quota != std::errc{} || rest == last || *rest != ' ')
    return {};
  auto bad_period = std::from_chars(rest + 1, last, period).ec;
  if (bad_period != std::errc{} || period == 0)
    return {};
  auto cpus = quota / period + (quota % period != 0 ? 1 : 0);
  return static_cast<unsigned>(
    std::clamp<std::uint64_t>(cpus, 1, std::numeric_limits<unsigned>::max()));
}

unsigned allowed_cpus() {
  cpu_set_t set;
  auto count = ::sched_getaffinity(0, sizeof(set), &set) == 0
                 ? static_cast<unsigned>(CPU_COUNT(&set))
                 : 1U;
  std::ifstream file{"/sys/fs/cgroup/cpu.max"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (auto limit = parse_cpu_max(text))
    count = std::min(count, *limit);
  return std::max(count, 1U);
}

} // namespace coppice::net
