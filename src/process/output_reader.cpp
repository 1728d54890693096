// SPDX-License-Identifier: BSD-3-Clause

#include "process/output_reader.hpp"

#include "process/output_log.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace coppice::process {

namespace {

constexpr std::size_t read_at_once = 64 * 1024; // what a pipe holds
constexpr std::size_t most_alone = 64;

std::size_t alone_readers = 0; // of the event thread

// Whether a read would give bytes; without any it says whether it is the end.
bool has_bytes(int fd) {
  int count = 0;
  return ::ioctl(fd, FIONREAD, &count) < 0 || count > 0;
}

} // namespace

output_reader::output_reader(owned_fd fd, settings how, on_line fn)
    : fd_(std::move(fd)),
      how_(std::move(how)),
      on_line_(std::move(fn)),
      cutter_(how_.max_line) {
  // nop
}

void output_reader::begin() {
  watch();
}

void output_reader::read_rest() {
  while (!ended() && !held_up_ && read_some()) {
    // nop
  }
}

bool output_reader::let_go() {
  if (ended())
    return true;
  if (alone_readers == most_alone)
    return false;
  ++alone_readers;
  alone_ = true;
  on_line_ = nullptr;
  on_end = nullptr;
  return true;
}

void output_reader::finish() {
  if (!ended())
    end();
}

// Returns whether there may be more.
bool output_reader::read_some() {
  if (how_.full == output::when_full::block && !output_log::get().has_room()
      && has_bytes(fd_.get())) {
    wait_for_room();
    return false;
  }
  static std::array<char, read_at_once> part; // there is one event thread
  auto n = ::read(fd_.get(), part.data(), part.size());
  if (n < 0)
    return errno == EINTR;
  if (n == 0) {
    end();
    return false;
  }
  cutter_.feed({part.data(), static_cast<std::size_t>(n)},
               [this](std::string_view line) { take(line); });
  return static_cast<std::size_t>(n) == part.size();
}

void output_reader::take(std::string_view line) {
  auto& log = output_log::get();
  if (on_line_)
    on_line_(line);
  if (how_.full == output::when_full::drop && !log.has_room()) {
    ++lost_;
    return;
  }
  tell_of_lost();
  log.write({how_.path, how_.error, line});
}

void output_reader::tell_of_lost() {
  if (lost_ == told_)
    return;
  auto text = "(" + std::to_string(lost_ - told_)
              + " lines were lost: the log was not read fast enough)";
  told_ = lost_;
  output_log::get().write({how_.path, how_.error, text});
}

void output_reader::wait_for_room() {
  held_up_ = true;
  unwatch();
  output_log::get().when_room([self = shared_from_this()] {
    event_thread::get().post([self] {
      self->held_up_ = false;
      if (!self->ended())
        self->watch();
    });
  });
}

void output_reader::watch() {
  watch_ = event_thread::get().watch(
    fd_.get(), EPOLLIN,
    [self = shared_from_this()](std::uint32_t) { (void)self->read_some(); });
}

void output_reader::unwatch() {
  event_thread::get().unwatch(std::exchange(watch_, 0), fd_.get());
}

void output_reader::end() {
  unwatch();
  fd_.reset();
  alone_readers -= std::exchange(alone_, false) ? 1 : 0;
  cutter_.finish([this](std::string_view line) { take(line); });
  tell_of_lost();
  if (auto fn = std::exchange(on_end, nullptr))
    fn();
}

} // namespace coppice::process
