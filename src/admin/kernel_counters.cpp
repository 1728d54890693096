// SPDX-License-Identifier: BSD-3-Clause

#include "admin/kernel_counters.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

namespace coppice::admin {

namespace {

constexpr std::string_view group = "TcpExt:";

} // namespace

// Two lines of a group: names, and values in the same order.
std::map<std::string, std::uint64_t, std::less<>>
tcp_counters(std::string_view netstat) {
  std::map<std::string, std::uint64_t, std::less<>> result;
  std::istringstream text{std::string{netstat}};
  std::string line;
  std::string names;
  while (std::getline(text, line)) {
    if (!line.starts_with(group))
      continue;
    auto rest = line.substr(group.size());
    if (names.empty()) {
      names = std::move(rest);
      continue;
    }
    std::istringstream keys{names};
    std::istringstream values{rest};
    std::string key;
    std::uint64_t value = 0;
    while (keys >> key && values >> value)
      result.emplace(key, value);
    break;
  }
  return result;
}

std::map<std::string, std::uint64_t, std::less<>> tcp_counters_now() {
  std::ifstream file{"/proc/net/netstat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  return tcp_counters(text);
}

} // namespace coppice::admin
