#include "child_output.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace coppice::lab {

namespace {

using clock = std::chrono::steady_clock;

// Reads until the other side closes; false if that is not before `deadline`.
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

// Gives the error number if it cannot be started, else 0.
int start(const std::vector<std::string>& command, int out, pid_t& pid) {
  std::vector<char*> argv;
  for (auto& word : command)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
  auto failed
    = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

} // namespace

std::variant<std::string, child_failure>
output_of(const std::vector<std::string>& command, std::chrono::seconds limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return child_failure{std::string{"has no pipe: "} + std::strerror(errno)};
  pid_t pid = 0;
  auto failed = start(command, ends[1], pid);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return child_failure{std::string{"cannot be started: "}
                         + std::strerror(failed)};
  }
  std::string result;
  auto complete = read_all(ends[0], clock::now() + limit, result);
  close(ends[0]);
  if (!complete)
    kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (!complete)
    return child_failure{"took longer than " + std::to_string(limit.count())
                         + " s"};
  if (WIFSIGNALED(status))
    return child_failure{"was ended by signal "
                         + std::to_string(WTERMSIG(status))};
  if (WEXITSTATUS(status) != 0)
    return child_failure{"ended with exit code "
                         + std::to_string(WEXITSTATUS(status))};
  return result;
}

} // namespace coppice::lab
