// SPDX-License-Identifier: BSD-3-Clause

#include "process/spawn.hpp"

#include "fault/errno_names.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

// The child shares our memory until it executes: a sanitizer's own bookkeeping
// in it would be ours.
#if defined(__clang__)
#define COPPICE_BARE                                                           \
  __attribute__((no_sanitize("all"), disable_sanitizer_instrumentation))
#else
#define COPPICE_BARE                                                           \
  __attribute__((no_sanitize_address, no_sanitize_thread,                      \
                 no_sanitize_undefined))
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COPPICE_THREAD_SANITIZER
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(COPPICE_THREAD_SANITIZER)
// ThreadSanitizer takes `clone` for a fork, and the child's end for ours. The C
// library has the same function under this name.
extern "C" int __clone(int (*fn)(void*), void* stack, int flags, void* argument,
                       ...);
#define COPPICE_CLONE ::__clone
#else
#define COPPICE_CLONE ::clone
#endif

namespace coppice::process {

namespace {

constexpr std::size_t stack_bytes = 64 * 1024;
constexpr unsigned close_on_exec = 4; // CLOSE_RANGE_CLOEXEC; not in old headers
constexpr int signals = 64;

// Of the kernel; glibc's is another one.
struct kernel_sigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

enum class step : int {
  none,
  session,
  descriptors,
  directory,
  limit,
  user,
  death,
  execute,
};

// What the child needs, in a form that needs no memory, and what it answers.
struct child_task {
  const launch* what;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<const char*> candidates;
  pid_t parent;
  step failed = step::none;
  std::size_t at = 0; // which limit, which candidate
  int number = 0;
};

// Raw, since the wrappers of the C library look after the threads and handlers
// of a process that is not this one.
template <class... Args>
COPPICE_BARE inline long sys(long number, Args... args) {
  return ::syscall(number, args...);
}

COPPICE_BARE inline void fail(child_task& what, step where,
                              std::size_t at = 0) {
  what.number = errno;
  what.failed = where;
  what.at = at;
  sys(SYS_exit, 127);
}

// A handler of ours must not run in the child, whose mask is emptied later.
COPPICE_BARE inline void reset_signals() {
  kernel_sigaction standard{};
  for (int i = 1; i <= signals; ++i)
    if (i != SIGKILL && i != SIGSTOP)
      sys(SYS_rt_sigaction, i, &standard, nullptr, sizeof standard.mask);
}

COPPICE_BARE inline void place_descriptors(child_task& what) {
  auto& all = what.what->descriptors;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].second <= 2 && sys(SYS_dup3, all[i].first, all[i].second, 0) < 0)
      fail(what, step::descriptors);
  if (sys(SYS_close_range, 3U, ~0U, close_on_exec) < 0) {
    // A kernel before 5.11. What coppice opens is marked already.
    for (int fd = 3; fd < 1024; ++fd)
      sys(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].second > 2 && sys(SYS_dup3, all[i].first, all[i].second, 0) < 0)
      fail(what, step::descriptors);
}

// No groups are a list to set, too. Source: CPython, issue 112617.
COPPICE_BARE inline void change_user(child_task& what) {
  auto& as = *what.what->as;
  if (sys(SYS_setgroups, as.groups.size(), as.groups.data()) < 0
      || sys(SYS_setresgid, as.group, as.group, as.group) < 0
      || sys(SYS_setresuid, as.user, as.user, as.user) < 0)
    fail(what, step::user);
}

// A change of user clears the signal; and the parent may be gone already.
COPPICE_BARE inline void follow_parent(child_task& what) {
  if (sys(SYS_prctl, PR_SET_PDEATHSIG, what.what->death_signal, 0, 0, 0) < 0)
    fail(what, step::death);
  if (sys(SYS_getppid) != what.parent) {
    errno = ESRCH;
    fail(what, step::death);
  }
}

// As a shell searches: a file that may not be executed is remembered, and the
// search goes on. Source: execvp(3).
COPPICE_BARE inline void execute(child_task& what) {
  int remembered = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < what.candidates.size(); ++i) {
    sys(SYS_execve, what.candidates[i], what.arguments.data(),
        what.environment.data());
    if (errno == EACCES) {
      remembered = EACCES;
      at = i;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      fail(what, step::execute, i);
    }
  }
  if (remembered != 0)
    errno = remembered;
  fail(what, step::execute, at);
}

COPPICE_BARE int run_child(void* argument) {
  auto& what = *static_cast<child_task*>(argument);
  auto& plan = *what.what;
  reset_signals();
  if (sys(SYS_setsid) < 0)
    fail(what, step::session);
  place_descriptors(what);
  if (!plan.directory.empty() && sys(SYS_chdir, plan.directory.c_str()) < 0)
    fail(what, step::directory);
  for (std::size_t i = 0; i < plan.limits.size(); ++i)
    if (sys(SYS_prlimit64, 0, plan.limits[i].resource, &plan.limits[i].value,
            nullptr)
        < 0)
      fail(what, step::limit, i);
  if (plan.as)
    change_user(what);
  if (plan.death_signal != 0)
    follow_parent(what);
  std::uint64_t none = 0;
  sys(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
  execute(what);
  return 0;
}

// Memory for the child's stack, with a page below it that nobody may touch.
class child_stack {
public:
  child_stack()
      : base_(::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (base_ != MAP_FAILED)
      ::mprotect(base_, 4096, PROT_NONE);
  }

  ~child_stack() {
    if (base_ != MAP_FAILED)
      ::munmap(base_, stack_bytes);
  }

  child_stack(const child_stack&) = delete;
  child_stack& operator=(const child_stack&) = delete;

  void* top() const {
    return base_ == MAP_FAILED ? nullptr
                               : static_cast<char*>(base_) + stack_bytes;
  }

private:
  void* base_;
};

std::string name_of(int number) {
  auto name = fault::errno_name(number);
  return name.empty() ? "error " + std::to_string(number) : std::string{name};
}

std::string in_quotes(const std::string& text) {
  return "\"" + text + "\"";
}

// The file as the child finds it.
std::string resolved(const launch& what, const std::string& file) {
  if (file.starts_with('/') || what.directory.empty())
    return file;
  return what.directory + "/" + file;
}

// A script's first line names another program, which may be what is missing.
std::string missing_interpreter(const std::string& file) {
  std::ifstream in{file};
  std::string line;
  if (!std::getline(in, line) || !line.starts_with("#!"))
    return "its interpreter is missing";
  auto begin = line.find_first_not_of(" \t", 2);
  if (begin == std::string::npos)
    return "its interpreter is missing";
  auto end = line.find_first_of(" \t\r", begin);
  return "its interpreter " + line.substr(begin, end - begin) + " is missing";
}

std::string text_of_exec(const child_task& failed) {
  auto& what = *failed.what;
  auto& file = what.candidates[failed.at];
  auto result = "exec " + in_quotes(what.arguments.front()) + ": "
                + name_of(failed.number);
  if (failed.number == ENOENT) {
    if (!what.search_path.empty())
      return result + " (not in PATH of the child: " + what.search_path + ")";
    auto path = resolved(what, file);
    if (::access(path.c_str(), F_OK) == 0)
      return result + " (" + missing_interpreter(path) + ")";
  }
  if (failed.number == EACCES) {
    struct stat about {};
    if (::stat(resolved(what, file).c_str(), &about) == 0
        && S_ISDIR(about.st_mode))
      return result + " (a directory)";
    return result + " (it may not be executed)";
  }
  if (failed.number == ENOEXEC)
    return result
           + " (neither a binary for this machine nor a script that "
             "begins with #!)";
  return result;
}

std::string text_of(const child_task& failed) {
  auto& what = *failed.what;
  auto number = name_of(failed.number);
  switch (failed.failed) {
  case step::none:
    if (failed.number == EAGAIN)
      return "EAGAIN (no more processes allowed)";
    return number;
  case step::session:
    return "session: " + number;
  case step::descriptors:
    return "descriptors: " + number;
  case step::directory:
    return "directory " + in_quotes(what.directory) + ": " + number;
  case step::limit:
    return "limit " + what.limits[failed.at].name + ": " + number;
  case step::user:
    return "user " + in_quotes(what.user) + ": " + number
           + (failed.number == EPERM ? " (only root may be somebody else)"
                                     : "");
  case step::death:
    return "the process that starts it has ended";
  case step::execute:
    return text_of_exec(failed);
  }
  return number;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& each : texts)
    result.push_back(const_cast<char*>(each.c_str()));
  result.push_back(nullptr);
  return result;
}

} // namespace

expected<spawned, spawn_error> spawn(const launch& what) {
  child_task todo{&what,
                  pointers_to(what.arguments),
                  pointers_to(what.environment),
                  {},
                  static_cast<pid_t>(sys(SYS_getpid))};
  for (auto& each : what.candidates)
    todo.candidates.push_back(each.c_str());
  child_stack stack;
  if (stack.top() == nullptr)
    return unexpected{spawn_error{"ENOMEM", ENOMEM}};
  // The child's signal handlers are ours until it has reset them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  spawned result;
  result.pid = COPPICE_CLONE(run_child, stack.top(),
                             CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                             &todo, &result.pidfd);
  if (result.pid < 0)
    todo.number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (result.pid >= 0 && todo.failed == step::none)
    return result;
  if (result.pid >= 0) {
    siginfo_t ignored;
    while (::waitid(P_PID, static_cast<id_t>(result.pid), &ignored, WEXITED) < 0
           && errno == EINTR) {
      // nop
    }
    ::close(result.pidfd);
  }
  return unexpected{spawn_error{text_of(todo), todo.number}};
}

} // namespace coppice::process
