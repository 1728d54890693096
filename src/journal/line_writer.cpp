// SPDX-License-Identifier: BSD-3-Clause

#include "journal/line_writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace coppice::journal {

namespace {

constexpr std::chrono::milliseconds last_moment{500};

// Returns what could not be written of it.
std::string_view rest_after_write(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EAGAIN) { // somebody else made it non-blocking
      pollfd reader{fd, POLLOUT, 0};
      ::poll(&reader, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return text;
}

// A reader that has gone and a file that may not grow are errors to be counted,
// and not the end of the process. Source: write(2), EPIPE and EFBIG.
void block_signals_of_write() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  sigaddset(&set, SIGXFSZ);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

} // namespace

struct line_writer::state {
  state(int to, notice text, std::size_t bytes)
      : fd(to), tell(std::move(text)), capacity(bytes) {
    // nop
  }

  void run() {
    std::unique_lock guard{mutex};
    for (;;) {
      changed.wait(guard, [this] { return !waiting.empty() || ending; });
      if (waiting.empty())
        return;
      busy = true;
      while (write_some(guard) && waiting.empty() && lost > 0) {
        // nop: lines were lost meanwhile, and no later line can report that
      }
      busy = false;
      changed.notify_all();
    }
  }

  // Writes what waits, and what was lost. Returns whether the disk
  // took both.
  bool write_some(std::unique_lock<std::mutex>& guard) {
    auto batch = std::exchange(waiting, {});
    auto lost_before = std::exchange(lost, 0);
    guard.unlock();
    auto written = put(batch);
    auto told = written && (lost_before == 0 || put(tell(lost_before)));
    guard.lock();
    if (!written) {
      dropped += lines_in(batch);
      lost += lines_in(batch);
    }
    if (!told)
      lost += lost_before;
    return told;
  }

  // Returns whether all of it was written. Of the thread alone.
  bool put(std::string_view lines) {
    if (cut_off && !rest_after_write(fd, "\n").empty())
      return false;
    auto rest = rest_after_write(fd, lines);
    auto done = lines.substr(0, lines.size() - rest.size());
    cut_off = !done.empty() && done.back() != '\n';
    return rest.empty();
  }

  const int fd;
  const notice tell;
  const std::size_t capacity;
  bool cut_off = false; // the last line that was written; of the thread alone
  mutable std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::string waiting;
  std::uint64_t lost = 0; // and not reported yet
  std::uint64_t dropped = 0;
  bool busy = false;
  bool ending = false;
};

line_writer::line_writer(int fd, notice tell, std::size_t capacity_bytes)
    : state_(std::make_shared<state>(fd, std::move(tell), capacity_bytes)) {
  std::thread{[state = state_] {
    ::pthread_setname_np(::pthread_self(), "log");
    block_signals_of_write();
    state->run();
  }}.detach();
}

line_writer::~line_writer() {
  flush(last_moment);
  std::lock_guard guard{state_->mutex};
  state_->ending = true;
  state_->changed.notify_all();
}

void line_writer::write(std::string_view line) {
  std::lock_guard guard{state_->mutex};
  if (state_->waiting.size() + line.size() > state_->capacity) {
    ++state_->lost;
    ++state_->dropped;
    return;
  }
  state_->waiting.append(line);
  state_->changed.notify_all();
}

bool line_writer::flush(std::chrono::milliseconds limit) {
  std::unique_lock guard{state_->mutex};
  return state_->changed.wait_for(
    guard, limit, [this] { return state_->waiting.empty() && !state_->busy; });
}

std::uint64_t line_writer::dropped() const {
  std::lock_guard guard{state_->mutex};
  return state_->dropped;
}

} // namespace coppice::journal
