// SPDX-License-Identifier: BSD-3-Clause

#include "lab/child_output.hpp"

#include "lab/process_group.hpp"
#include "lab/time_text.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coppice::lab {

namespace {

using clock = std::chrono::steady_clock;

// Reads until the other side closes; false if that is not before `deadline`.
bool read_all(int fd, clock::time_point deadline, std::string& result) {
  char buffer[65536];
  for (;;) {
    if (clock::now() >= deadline)
      return false;
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, milliseconds_until(deadline)) < 0 && errno != EINTR)
      return false;
    if (ready.revents == 0)
      continue;
    auto count = read(fd, buffer, sizeof(buffer));
    if (count == 0)
      return true;
    if (count < 0 && errno != EINTR)
      return false;
    if (count > 0)
      result.append(buffer, static_cast<std::size_t>(count));
  }
}

} // namespace

std::variant<std::string, child_failure>
output_of(const std::vector<std::string>& command,
          std::chrono::milliseconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return child_failure{std::string{"has no pipe: "} + std::strerror(errno)};
  auto deadline = clock::now() + limit;
  auto nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_t pid = 0;
  auto failed = spawn_group(command, nothing, ends[1], pid);
  close(nothing);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return child_failure{std::string{"cannot be started: "}
                         + std::strerror(failed)};
  }
  std::string result;
  auto complete
    = read_all(ends[0], deadline, result) && ends_before(pid, deadline);
  close(ends[0]);
  kill_group(pid);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (!complete)
    return child_failure{"took longer than " + time_text(limit)};
  if (WIFSIGNALED(status))
    return child_failure{"was ended by signal "
                         + std::to_string(WTERMSIG(status))};
  if (WEXITSTATUS(status) != 0)
    return child_failure{"ended with exit code "
                         + std::to_string(WEXITSTATUS(status))};
  return result;
}

} // namespace coppice::lab
