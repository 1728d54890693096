// SPDX-License-Identifier: BSD-3-Clause

#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace coppice_test {

child_process::child_process(const launch_options& options) {
  // Errors go to a file: however much the server says, it never blocks.
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0)
    throw_errno("pipe2");
  out_fd_ = out[0];
  err_fd_ = memfd_create("stderr", MFD_CLOEXEC);
  if (err_fd_ < 0)
    throw_errno("memfd_create");
  pid_ = launch(options, out[1],
                options.standard_error >= 0 ? options.standard_error : err_fd_);
  close(out[1]);
}

child_process::~child_process() {
  if (!exit_code_ && pid_ > 0) {
    ::kill(pid_, SIGKILL);
    reap(0);
  }
  close(out_fd_);
  close(err_fd_);
}

bool child_process::reap(int flags) {
  if (exit_code_)
    return true;
  int status = 0;
  pid_t done = 0;
  do {
    done = waitpid(pid_, &status, flags);
  } while (done < 0 && errno == EINTR);
  if (done != pid_)
    return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

bool child_process::running() {
  return !reap(WNOHANG);
}

void child_process::signal(int number) {
  if (running() && ::kill(pid_, number) != 0)
    throw_errno("kill");
}

bool child_process::read_more_output(const deadline& end) {
  pollfd ready{out_fd_, POLLIN, 0};
  if (poll(&ready, 1, end.poll_timeout()) <= 0)
    return false;
  char buffer[4096];
  const ssize_t count = read(out_fd_, buffer, sizeof buffer);
  if (count <= 0)
    return false;
  out_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

std::optional<int> child_process::wait_exit(milliseconds budget) {
  const deadline end(budget);
  while (read_more_output(end)) {
  }
  if (!eventually([&] { return reap(WNOHANG); },
                  milliseconds(end.poll_timeout())))
    return std::nullopt;
  return exit_code_;
}

std::string child_process::err() const {
  std::string result;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = pread(err_fd_, buffer, sizeof buffer,
                        static_cast<off_t>(result.size())))
         > 0)
    result.append(buffer, static_cast<std::size_t>(count));
  return result;
}

command_result run_coppice(const launch_options& options, milliseconds budget) {
  child_process child(options);
  const std::optional<int> code = child.wait_exit(budget);
  return {code.value_or(-1), child.out(), child.err()};
}

command_result run_coppice_on(const std::string& input,
                              launch_options options) {
  const int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0
      || write(fd, input.data(), input.size())
           != static_cast<ssize_t>(input.size()))
    throw_errno("memfd_create");
  lseek(fd, 0, SEEK_SET);
  options.standard_input = fd;
  auto result = run_coppice(options);
  close(fd);
  return result;
}

} // namespace coppice_test
