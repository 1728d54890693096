// SPDX-License-Identifier: BSD-3-Clause

#include "lab/process_group.hpp"

#include "lab/leftovers.hpp"

#include <algorithm>
#include <csignal>

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace coppice::lab {

int spawn_group(const std::vector<std::string>& command, int input, int output,
                pid_t& pid) {
  std::vector<char*> argv;
  for (auto& word : command)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const no_stop until_noted;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, &until_noted.before());
  auto result
    = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  if (result == 0)
    note_group(pid);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

void kill_group(pid_t pid) noexcept {
  ::kill(-pid, SIGKILL);
  note_group(0);
}

bool ends_before(pid_t pid, std::chrono::steady_clock::time_point deadline) {
  auto end = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd ended{end, POLLIN, 0};
  while (::poll(&ended, 1, milliseconds_until(deadline)) <= 0
         && std::chrono::steady_clock::now() < deadline)
    continue;
  if (end >= 0)
    ::close(end);
  siginfo_t info{};
  constexpr auto keep_it = WEXITED | WNOHANG | WNOWAIT;
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, keep_it) == 0
         && info.si_pid == pid;
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
    deadline - std::chrono::steady_clock::now());
  constexpr std::chrono::milliseconds most{60'000};
  return static_cast<int>(
    std::clamp(left, std::chrono::milliseconds{0}, most).count());
}

} // namespace coppice::lab
