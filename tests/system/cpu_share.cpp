// SPDX-License-Identifier: BSD-3-Clause

#include "cpu_share.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace coppice_test {

double cpu_seconds(pid_t pid) {
  constexpr int first_after_name = 3;
  constexpr int user_time = 14;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // The name in parentheses may contain spaces: count from behind it.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = first_after_name; field < user_time; ++field)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double cpu_share(pid_t pid) {
  constexpr std::chrono::seconds interval{2};
  const double before = cpu_seconds(pid);
  std::this_thread::sleep_for(interval);
  const double used = cpu_seconds(pid) - before;
  return used / static_cast<double>(interval.count());
}

} // namespace coppice_test
