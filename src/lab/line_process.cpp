#include "line_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace coppice::lab {

namespace {

void close_end(int& fd) {
  if (fd >= 0)
    ::close(fd);
  fd = -1;
}

// For poll(2): not longer than until `deadline`.
int milliseconds_until(line_process::clock::time_point deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
    deadline - line_process::clock::now());
  constexpr std::chrono::milliseconds most{60'000};
  return static_cast<int>(
    std::clamp(left, std::chrono::milliseconds{0}, most).count());
}

bool is_over(line_process::clock::time_point deadline) {
  return line_process::clock::now() >= deadline;
}

// write(2) to a pipe, without the signal if nobody reads it any more.
ssize_t write_quietly(int fd, const std::string& text) {
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  auto written = ::write(fd, text.data(), text.size());
  auto why = errno;
  if (written < 0 && why == EPIPE) {
    timespec at_once{};
    while (sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR)
      continue;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = why;
  return written;
}

// Starts a program in a process group of its own; 0, or what went wrong.
int spawn(const std::vector<std::string>& command, int input, int output,
          pid_t& pid) {
  std::vector<char*> argv;
  for (auto& word : command)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  auto result
    = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

} // namespace

line_process::line_process(const std::vector<std::string>& command) {
  int to[2];
  int from[2];
  if (::pipe2(to, O_CLOEXEC) != 0) {
    error_ = std::strerror(errno);
    return;
  }
  input_ = to[1];
  if (::pipe2(from, O_CLOEXEC) != 0) {
    error_ = std::strerror(errno);
    ::close(to[0]);
    return;
  }
  output_ = from[0];
  ::fcntl(input_, F_SETFL, O_NONBLOCK);
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  if (auto why = spawn(command, to[0], from[1], pid); why != 0)
    error_ = std::strerror(why);
  else
    pid_ = pid;
  ::close(to[0]);
  ::close(from[1]);
}

line_process::~line_process() {
  close_end(input_);
  close_end(output_);
  if (!started())
    return;
  // Its own children may outlive it.
  ::kill(-pid_, SIGKILL);
  if (!status_)
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
      continue;
}

void line_process::tell(std::string_view line) {
  to_write_.append(line).push_back('\n');
}

void line_process::close_input() {
  close_end(input_);
}

bool line_process::take_line(std::string& line) {
  auto end = received_.find('\n');
  if (end == received_.npos)
    return false;
  line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return true;
}

void line_process::write_some() {
  auto written = write_quietly(input_, to_write_);
  if (written > 0)
    to_write_.erase(0, static_cast<std::size_t>(written));
  else if (written < 0 && errno != EINTR && errno != EAGAIN)
    // That it does not listen any more shows in what it says.
    to_write_.clear();
}

// False at the end of the output.
bool line_process::read_some() {
  char buffer[65536];
  auto count = ::read(output_, buffer, sizeof(buffer));
  if (count > 0)
    received_.append(buffer, static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

line_process::outcome line_process::read_line(std::string& line,
                                              std::size_t longest,
                                              clock::time_point deadline) {
  for (;;) {
    if (take_line(line))
      return line.size() > longest ? outcome::too_long : outcome::line;
    if (received_.size() > longest)
      return outcome::too_long;
    if (closed_)
      return outcome::closed;
    if (is_over(deadline))
      return outcome::late;
    pollfd ends[]{{output_, POLLIN, 0},
                  {to_write_.empty() ? -1 : input_, POLLOUT, 0}};
    if (::poll(ends, 2, milliseconds_until(deadline)) < 0)
      continue;
    if (ends[1].revents != 0)
      write_some();
    if (ends[0].revents != 0)
      closed_ = !read_some();
  }
}

std::optional<int> line_process::wait(clock::time_point deadline) {
  if (status_)
    return status_;
  auto end = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{end, POLLIN, 0};
  while (::poll(&ended, 1, milliseconds_until(deadline)) <= 0
         && !is_over(deadline))
    continue;
  close_end(end);
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = status;
  return status_;
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status))
    return "signal " + std::to_string(WTERMSIG(status)) + " ("
           + strsignal(WTERMSIG(status)) + ")";
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

} // namespace coppice::lab
