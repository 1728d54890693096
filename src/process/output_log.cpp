// SPDX-License-Identifier: BSD-3-Clause

#include "process/output_log.hpp"

#include "observe/printable.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <thread>
#include <utility>

namespace coppice::process {

std::string plain_line(const output_line& line) {
  auto result = observe::printable(line.path);
  result += " | ";
  result += line.text;
  result += '\n';
  return result;
}

void write_output_to(int fd, line_format format) {
  output_log::get().set(fd, std::move(format));
}

bool flush_output(std::int64_t limit_ms) {
  return output_log::get().flush(std::chrono::milliseconds{limit_ms});
}

output_log& output_log::get() {
  static auto& result = *new output_log;
  return result;
}

void output_log::set(int fd, line_format format) {
  std::lock_guard guard{mutex_};
  fd_ = fd;
  format_ = std::move(format);
}

bool output_log::has_room() {
  std::lock_guard guard{mutex_};
  return waiting_.size() < capacity;
}

void output_log::write(const output_line& line) {
  std::lock_guard guard{mutex_};
  begin();
  auto idle = waiting_.empty();
  waiting_ += format_(line);
  if (idle)
    changed_.notify_all();
}

void output_log::when_room(std::function<void()> fn) {
  {
    std::lock_guard guard{mutex_};
    if (waiting_.size() >= capacity) {
      callers_.push_back(std::move(fn));
      return;
    }
  }
  fn();
}

bool output_log::flush(std::chrono::milliseconds limit) {
  std::unique_lock guard{mutex_};
  return changed_.wait_for(guard, limit,
                           [this] { return waiting_.empty() && !busy_; });
}

void output_log::begin() {
  if (std::exchange(begun_, true))
    return;
  std::thread{[this] {
    ::pthread_setname_np(::pthread_self(), "output");
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    run();
  }}.detach();
}

void output_log::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    changed_.wait(guard, [this] { return !waiting_.empty(); });
    auto batch = std::exchange(waiting_, {});
    auto callers = std::exchange(callers_, {});
    auto fd = fd_;
    busy_ = true;
    guard.unlock();
    for (auto& fn : callers)
      fn();
    put(fd, batch);
    guard.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

// What cannot be written at all is lost: there is nowhere to say so.
void output_log::put(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) { // somebody else made it non-blocking
      pollfd reader{fd, POLLOUT, 0};
      ::poll(&reader, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

} // namespace coppice::process
