// SPDX-License-Identifier: BSD-3-Clause

#include "process/memory_kills.hpp"

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

namespace coppice::process {

namespace {

// Of version 2, or of 1. Source: cgroups(7), /proc/PID/cgroup.
std::string file_of_counter() {
  std::ifstream in{"/proc/self/cgroup"};
  std::string line;
  std::string result;
  while (std::getline(in, line)) {
    if (line.starts_with("0::") && result.empty())
      result = "/sys/fs/cgroup" + line.substr(3) + "/memory.events";
    else if (auto at = line.find(":memory:"); at != std::string::npos)
      result
        = "/sys/fs/cgroup/memory" + line.substr(at + 8) + "/memory.oom_control";
  }
  return result;
}

std::uint64_t count_now() {
  static const auto file = file_of_counter();
  std::ifstream in{file};
  std::string name;
  std::uint64_t value = 0;
  while (in >> name >> value)
    if (name == "oom_kill")
      return value;
  return 0;
}

std::optional<std::uint64_t> last_count;

} // namespace

void note_memory_kills() {
  if (!last_count)
    last_count = count_now();
}

bool memory_kills_grew() {
  auto now = count_now();
  auto before = last_count.value_or(now);
  last_count = now;
  return now > before;
}

} // namespace coppice::process
