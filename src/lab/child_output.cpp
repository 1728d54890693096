#include "child_output.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace coppice::lab {

namespace {

using clock = std::chrono::steady_clock;

// Reads until the other side closes, or until `deadline`.
bool read_all(int fd, clock::time_point deadline, std::string& result) {
  char buffer[65536];
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - clock::now());
    if (left.count() <= 0)
      return false;
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)
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

std::optional<pid_t> start(const std::vector<std::string>& command, int out) {
  std::vector<char*> argv;
  for (auto& word : command)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
  pid_t pid = 0;
  auto failed
    = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return {};
  return pid;
}

} // namespace

std::optional<std::string> output_of(const std::vector<std::string>& command,
                                     std::chrono::seconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return {};
  auto pid = start(command, ends[1]);
  close(ends[1]);
  std::string result;
  auto complete = pid && read_all(ends[0], clock::now() + limit, result);
  close(ends[0]);
  if (!pid)
    return {};
  if (!complete)
    kill(*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (!complete || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return {};
  return result;
}

} // namespace coppice::lab
