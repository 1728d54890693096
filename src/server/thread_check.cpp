// SPDX-License-Identifier: BSD-3-Clause

#include "server/thread_check.hpp"

#include <cstddef>
#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace coppice {

expected<void, std::string> check_threads(unsigned wanted) {
  std::promise<void> over;
  auto end = over.get_future().share();
  std::vector<std::thread> threads;
  threads.reserve(wanted);
  expected<void, std::string> result;
  try {
    while (threads.size() < wanted)
      threads.emplace_back([end] { end.wait(); });
  } catch (const std::system_error& problem) {
    result = unexpected{
      "needs " + std::to_string(wanted) + " more threads, and gets "
      + std::to_string(threads.size()) + " (" + problem.code().message()
      + "): raise the limit on processes (ulimit -u, TasksMax of systemd, "
        "pids of the container) or on memory, or ask for fewer with "
        "--acceptors or --admin off"};
  }
  over.set_value();
  for (auto& thread : threads)
    thread.join();
  return result;
}

} // namespace coppice
