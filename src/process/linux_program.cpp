// SPDX-License-Identifier: BSD-3-Clause

// From the order to start a program until it is ready. Its end is in
// linux_program_end.cpp.

#include "process/linux_program.hpp"

#include "process/spawner.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <regex>
#include <utility>

namespace coppice::process {

namespace {

// A killed supervisor's programs have 5 s to end; one that cannot be killed
// must not keep its place for ever.
constexpr std::chrono::milliseconds longest_wait_for_predecessor{6'000};
constexpr std::chrono::milliseconds busy_text_pause{40};
constexpr int attempts_at_busy_text = 3;
constexpr std::size_t lines_kept = 20;
constexpr std::size_t longest_line_kept = 512;
// libstdc++'s regular expressions need stack for each character.
constexpr std::size_t longest_searched = 1024;

} // namespace

struct linux_program::pattern {
  std::regex what;
};

linux_program::linux_program(order what, std::shared_ptr<observer> to,
                             std::string mark)
    : order_(std::move(what)),
      observer_(std::move(to)),
      mark_(std::move(mark)) {
  // nop
}

linux_program::~linux_program() = default;

void linux_program::start_after(
  const std::shared_ptr<linux_program>& predecessor) {
  self_ = shared_from_this();
  if (!predecessor || predecessor->gone()) {
    start();
    return;
  }
  auto go_on = [self = shared_from_this()] {
    if (self->phase_ == phase::waiting)
      self->start();
  };
  predecessor->at_the_end_.push_back(go_on);
  timer_ = events_.after(longest_wait_for_predecessor, go_on);
}

void linux_program::start() {
  events_.cancel(std::exchange(timer_, 0));
  phase_ = phase::starting;
  ++attempts_;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  our_peak_kib_ = usage.ru_maxrss;
  spawner::get().post([self = shared_from_this()] {
    auto child = std::make_shared<expected<spawned_program, spawn_error>>(
      start_program(self->order_, self->mark_));
    self->events_.post([self, child] { self->on_started(std::move(*child)); });
  });
}

void linux_program::on_started(expected<spawned_program, spawn_error> child) {
  if (!child) {
    auto text = child.error().text;
    if (child.error().number == ETXTBSY && attempts_ < attempts_at_busy_text
        && !stopping_ && !killing_) {
      phase_ = phase::waiting;
      timer_ = events_.after(busy_text_pause, [this] { start(); });
      return;
    }
    leave([&](observer& to) { to.not_started(text); });
    return;
  }
  child_ = std::move(*child);
  since_ = std::chrono::steady_clock::now();
  phase_ = phase::running;
  watch_child();
  observer_->started(child_.pid);
  if (killing_)
    kill_all();
  else if (stopping_)
    send_stop_signal();
  else
    begin_readiness();
}

void linux_program::watch_child() {
  leader_watch_ = events_.watch(child_.pidfd.get(), EPOLLIN,
                                [this](std::uint32_t) { on_leader_event(); });
  if (child_.notify)
    notify_watch_
      = events_.watch(child_.notify->descriptor(), EPOLLIN,
                      [this](std::uint32_t) { receive_notifications(); });
  open_outputs();
}

void linux_program::open_outputs() {
  auto& what = *order_.what;
  if (what.ready.when == readiness::kind::log)
    pattern_ = std::make_unique<pattern>(std::regex{what.ready.to});
  auto add = [&](owned_fd fd, const output& how, bool error) {
    if (fd.get() < 0)
      return;
    auto reader = std::make_shared<output_reader>(
      std::move(fd),
      output_reader::settings{order_.path, error, how.max_line, how.full},
      [this, error](std::string_view line) {
        if (error)
          on_error_line(line);
        if (pattern_)
          look_for_pattern(line);
      });
    reader->on_end = [this] { finish_if_read(); };
    outputs_.push_back(reader);
    reader->begin();
  };
  add(std::move(child_.standard_output), what.standard_output, false);
  add(std::move(child_.standard_error), what.standard_error, true);
}

void linux_program::begin_readiness() {
  auto& ready = order_.what->ready;
  switch (ready.when) {
  case readiness::kind::exec:
    set_ready();
    break;
  case readiness::kind::fd:
    ready_watch_
      = events_.watch(child_.ready.get(), EPOLLIN,
                      [this](std::uint32_t) { on_ready_descriptor(); });
    break;
  case readiness::kind::alive:
    timer_ = events_.after(ready.alive_for, [this] { set_ready(); });
    break;
  case readiness::kind::connect:
  case readiness::kind::http:
  case readiness::kind::file:
  case readiness::kind::command:
    check_ = make_ready_check(order_.what, child_.probe, mark_,
                              [this] { set_ready(); });
    break;
  case readiness::kind::notify:
  case readiness::kind::log:
  case readiness::kind::exit:
    break; // the program says so itself
  }
}

void linux_program::set_ready() {
  check_ = nullptr;
  if (phase_ == phase::running && !std::exchange(ready_, true))
    observer_->ready();
}

void linux_program::receive_notifications() {
  child_.notify->receive(child_.user, child_.pid, [this](auto key, auto value) {
    on_notify(key, value);
  });
}

void linux_program::on_notify(std::string_view key, std::string_view value) {
  if (key == "READY" && value == "1"
      && order_.what->ready.when == readiness::kind::notify)
    set_ready();
  else if (key == "WATCHDOG" && value == "1")
    observer_->progressed();
  else if (key == "WATCHDOG" && value == "trigger")
    observer_->gave_itself_up();
}

// Its end without a line is no readiness. Source: s6, notification-fd.
void linux_program::on_ready_descriptor() {
  std::array<char, 256> part;
  auto n = ::read(child_.ready.get(), part.data(), part.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  auto line
    = n > 0
      && std::string_view{part.data(), static_cast<std::size_t>(n)}.find('\n')
           != std::string_view::npos;
  if (!line && n > 0)
    return;
  events_.unwatch(std::exchange(ready_watch_, 0), child_.ready.get());
  child_.ready.reset();
  if (line)
    set_ready();
}

void linux_program::on_error_line(std::string_view line) {
  last_lines_.emplace_back(line.substr(0, longest_line_kept));
  if (last_lines_.size() > lines_kept)
    last_lines_.pop_front();
}

void linux_program::look_for_pattern(std::string_view line) {
  line = line.substr(0, longest_searched);
  if (std::regex_search(line.begin(), line.end(), pattern_->what)) {
    pattern_ = nullptr;
    set_ready();
  }
}

} // namespace coppice::process
