// SPDX-License-Identifier: BSD-3-Clause

#include "launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace coppice_test {

void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

namespace {

constexpr uid_t nobody = 65534;
// The limit counts all that a user runs, and other tests run some as nobody.
constexpr uid_t nobody_with_a_limit = 65533;
constexpr int exit_not_started = 127;

std::string binary_path() {
  const char* path = std::getenv("COPPICE_BINARY");
  if (path == nullptr)
    throw std::runtime_error("COPPICE_BINARY is not set");
  return path;
}

// Of the descriptors that are handed over.
constexpr int out_of_the_way = 64;
constexpr std::size_t most_sockets = 8;

int open_binary(const launch_options& options) {
  const std::string path
    = options.program.empty() ? binary_path() : options.program;
  const int low = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (low < 0)
    throw_errno(path.c_str());
  const int high = fcntl(low, F_DUPFD_CLOEXEC, out_of_the_way);
  close(low);
  if (high < 0)
    throw_errno("F_DUPFD_CLOEXEC");
  return high;
}

// The tests' own COPPICE_* variables must not configure the server.
bool inherits(const launch_options& options, const std::string& entry) {
  if (entry.rfind("COPPICE_", 0) == 0 || entry.rfind("XDG_STATE_HOME=", 0) == 0
      || entry.rfind("STATE_DIRECTORY=", 0) == 0)
    return false;
  return std::none_of(options.env.begin(), options.env.end(),
                      [&](const auto& variable) {
                        return entry.rfind(variable.first + "=", 0) == 0;
                      });
}

// Where the servers of this program keep their journals; goes with it. Those
// that are nobody's write there, too.
class state_folder {
public:
  state_folder() {
    std::string name
      = (std::filesystem::temp_directory_path() / "coppice-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw_errno("mkdtemp");
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms::all);
  }
  ~state_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  state_folder(const state_folder&) = delete;
  state_folder& operator=(const state_folder&) = delete;

  const std::string& path() const {
    return path_;
  }

private:
  std::string path_;
};

const std::string& default_state_folder() {
  static const state_folder result;
  return result.path();
}

std::vector<std::string> environment_for(const launch_options& options) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (inherits(options, *entry))
      result.emplace_back(*entry);
  }
  result.push_back("XDG_STATE_HOME=" + default_state_folder());
  for (const auto& [name, value] : options.env)
    result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// The process id is known in the child alone, which writes it over the blanks.
constexpr std::string_view listen_pid = "LISTEN_PID=          ";
constexpr std::size_t listen_pid_digits_at = 11;

void announce_sockets(const launch_options& options,
                      std::vector<std::string>& env) {
  if (options.listen_fds.empty())
    return;
  env.push_back("LISTEN_FDS=" + std::to_string(options.listen_fds.size()));
  env.emplace_back(listen_pid);
}

struct child_plan {
  int binary = -1;
  int out = -1;
  int err = -1;
  pid_t parent = -1;
  char** argv = nullptr;
  char** envp = nullptr;
};

bool become(uid_t user) {
  return setgroups(0, nullptr) == 0 && setresgid(nobody, nobody, nobody) == 0
         && setresuid(user, user, user) == 0;
}

void write_decimal(char* at, pid_t number) {
  char digits[16];
  int count = 0;
  for (; number > 0; number /= 10)
    digits[count++] = static_cast<char>('0' + number % 10);
  while (count > 0)
    *at++ = digits[--count];
  *at = '\0';
}

void hand_over_sockets(const launch_options& options, const child_plan& plan) {
  // By way of other numbers: one may be in the way of another, and dup2 onto
  // itself would keep FD_CLOEXEC.
  std::array<int, most_sockets> copies{};
  const std::size_t count = std::min(most_sockets, options.listen_fds.size());
  for (std::size_t at = 0; at < count; ++at)
    copies[at] = fcntl(options.listen_fds[at], F_DUPFD_CLOEXEC, out_of_the_way);
  for (std::size_t at = 0; at < count; ++at)
    dup2(copies[at], STDERR_FILENO + 1 + static_cast<int>(at));
  char* last = nullptr;
  for (char** entry = plan.envp; *entry != nullptr; ++entry)
    last = *entry;
  write_decimal(last + listen_pid_digits_at, getpid());
}

// Between fork and exec only async-signal-safe calls: the test may have
// threads. The binary is a descriptor so that a user without access to the
// build tree can still run it.
[[noreturn]] void become_child(const launch_options& options,
                               const child_plan& plan) {
  if (options.max_open_files) {
    const rlimit limit{*options.max_open_files, *options.max_open_files};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
      _exit(exit_not_started);
  }
  if (options.max_processes) {
    const rlimit limit{*options.max_processes, *options.max_processes};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0)
      _exit(exit_not_started);
  }
  if (options.as_nobody
      && !become(options.max_processes ? nobody_with_a_limit : nobody))
    _exit(exit_not_started);
  prctl(PR_SET_PDEATHSIG, SIGKILL); // after setresuid, which clears it
  if (getppid() != plan.parent)
    _exit(exit_not_started);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(plan.out, STDOUT_FILENO);
  dup2(plan.err, STDERR_FILENO);
  if (options.standard_input >= 0)
    dup2(options.standard_input, STDIN_FILENO);
  if (options.without_input || options.without_streams)
    ::close(STDIN_FILENO);
  if (options.without_streams) {
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
  }
  if (!options.directory.empty() && chdir(options.directory.c_str()) != 0)
    _exit(exit_not_started);
  if (!options.listen_fds.empty())
    hand_over_sockets(options, plan);
  fexecve(plan.binary, plan.argv, plan.envp);
  _exit(exit_not_started);
}

} // namespace

std::pair<std::string, std::string> sanitizer_options(const std::string& name,
                                                      const std::string& more) {
  const char* now = std::getenv(name.c_str());
  return {name, now == nullptr ? more : std::string(now) + ":" + more};
}

pid_t launch(const launch_options& options, int out, int err) {
  std::vector<std::string> args{options.program.empty() ? "coppice"
                                                        : options.program};
  args.insert(args.end(), options.args.begin(), options.args.end());
  std::vector<std::string> env = environment_for(options);
  announce_sockets(options, env);
  std::vector<char*> argv = pointers(args);
  std::vector<char*> envp = pointers(env);
  const int binary = open_binary(options);
  const child_plan plan{binary, out, err, getpid(), argv.data(), envp.data()};
  const pid_t pid = fork();
  if (pid == 0)
    become_child(options, plan);
  const int fork_error = errno;
  close(binary);
  if (pid < 0)
    throw std::system_error(fork_error, std::generic_category(), "fork");
  return pid;
}

} // namespace coppice_test
