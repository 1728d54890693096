// SPDX-License-Identifier: BSD-3-Clause

#include "server/upgrade/start_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace coppice::upgrade {

namespace {

// A child that was about to end by itself gets this long, in milliseconds, so
// that its own exit code is told.
constexpr int patience_ms = 500;

// What concerns this process alone.
constexpr std::array<std::string_view, 6> left_out{
  "WATCHDOG_PID=",   "LISTEN_PID=",     "LISTEN_FDS=",
  "LISTEN_FDNAMES=", "LISTEN_PIDFDID=", "COPPICE_HANDOVER="};

std::vector<std::string> environment_with(int end) {
  std::vector<std::string> result;
  for (auto** each = environ; *each != nullptr; ++each) {
    std::string_view text{*each};
    auto leave = false;
    for (auto& name : left_out)
      leave = leave || text.starts_with(name);
    if (!leave)
      result.emplace_back(text);
  }
  result.push_back(std::string{channel_variable} + "=" + std::to_string(end));
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& each : texts)
    result.push_back(each.data());
  result.push_back(nullptr);
  return result;
}

std::string cannot_run(const std::string& program, int error) {
  return program + " cannot be executed: " + std::strerror(error);
}

// How posix_spawn is to do it; owns both.
class spawn_options {
public:
  spawn_options() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }

  spawn_options(const spawn_options&) = delete;
  spawn_options& operator=(const spawn_options&) = delete;

  ~spawn_options() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

} // namespace

std::string own_program() {
  // What the kernel appends when the file was replaced.
  constexpr std::string_view replaced = " (deleted)";
  std::error_code failed;
  auto result
    = std::filesystem::read_symlink("/proc/self/exe", failed).string();
  if (result.ends_with(replaced))
    result.resize(result.size() - replaced.size());
  return result;
}

std::vector<std::string> own_arguments() {
  std::ifstream in{"/proc/self/cmdline", std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find('\0', at);
    result.push_back(text.substr(at, end - at));
    at = end == text.npos ? text.size() : end + 1;
  }
  if (!result.empty())
    result.erase(result.begin());
  return result;
}

expected<void, std::string> check_program(const std::string& program) {
  struct stat found {};
  if (!program.starts_with('/'))
    return unexpected{"\"" + program
                      + "\" is no full path: say where the program is"};
  if (::stat(program.c_str(), &found) != 0)
    return unexpected{cannot_run(program, errno)};
  if (!S_ISREG(found.st_mode))
    return unexpected{program + " cannot be executed: it is no file"};
  if (::access(program.c_str(), X_OK) != 0)
    return unexpected{cannot_run(program, errno)};
  return {};
}

expected<int, std::string> start_program(const std::string& program, int end) {
  auto arguments = own_arguments();
  arguments.insert(arguments.begin(), program);
  auto environment = environment_with(end);
  auto argv = pointers_to(arguments);
  auto envp = pointers_to(environment);
  spawn_options options;
  // Onto itself: it stays open beyond exec.
  ::posix_spawn_file_actions_adddup2(&options.actions, end, end);
  pid_t pid = 0;
  if (auto error = ::posix_spawn(&pid, program.c_str(), &options.actions,
                                 &options.attributes, argv.data(), envp.data()))
    return unexpected{cannot_run(program, error)};
  return pid;
}

std::string end_program(int pid) {
  auto handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  pollfd one{handle, POLLIN, 0};
  if (handle < 0 || ::poll(&one, 1, patience_ms) <= 0)
    ::kill(pid, SIGKILL);
  if (handle >= 0)
    ::close(handle);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR)
      return "it has ended";
  if (WIFEXITED(status))
    return "it ended with exit code " + std::to_string(WEXITSTATUS(status));
  return std::string{"it was ended by SIG"} + ::sigabbrev_np(WTERMSIG(status));
}

} // namespace coppice::upgrade
