// SPDX-License-Identifier: BSD-3-Clause

#include "lab/line_process.hpp"

#include "lab/process_group.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coppice::lab {

namespace {

void close_end(int& fd) {
  if (fd >= 0)
    ::close(fd);
  fd = -1;
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

} // namespace

expected<std::unique_ptr<line_process>, std::string>
line_process::start(const std::vector<std::string>& command) {
  auto failed
    = [](int number) { return unexpected<std::string>{std::strerror(number)}; };
  std::unique_ptr<line_process> result{new line_process};
  int to[2];
  int from[2];
  if (::pipe2(to, O_CLOEXEC) != 0)
    return failed(errno);
  result->input_ = to[1];
  if (::pipe2(from, O_CLOEXEC) != 0) {
    auto why = errno;
    ::close(to[0]);
    return failed(why);
  }
  result->output_ = from[0];
  ::fcntl(result->input_, F_SETFL, O_NONBLOCK);
  ::fcntl(result->output_, F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  auto why = spawn_group(command, to[0], from[1], pid);
  ::close(to[0]);
  ::close(from[1]);
  if (why != 0)
    return failed(why);
  result->pid_ = pid;
  return result;
}

line_process::~line_process() {
  close_end(input_);
  close_end(output_);
  if (pid_ < 0) // it did not start
    return;
  // Its own children may outlive it.
  kill_group(pid_);
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
  int status = 0;
  if (ends_before(pid_, deadline) && ::waitpid(pid_, &status, WNOHANG) == pid_)
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
