// SPDX-License-Identifier: BSD-3-Clause

// From the order to stop a program, or its own end, until nothing is left.

#include "process/linux_program.hpp"

#include "coppice/process/reaper.hpp"
#include "process/family.hpp"
#include "process/memory_kills.hpp"
#include "process/registry.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace coppice::process {

namespace {

// How long the signal that comes before SIGKILL may take to write a core.
constexpr std::chrono::milliseconds time_for_core{5'000};
// A program that lives longer than this after SIGKILL is stuck in the kernel.
constexpr std::chrono::milliseconds time_to_die{100};
constexpr std::chrono::milliseconds longest_pause_between_looks{50};
// How long somebody else may hold a pipe after the group has gone, and a log
// that is not read hold up the end.
constexpr std::chrono::milliseconds time_for_output{100};

} // namespace

void linux_program::stop() {
  events_.post([self = shared_from_this()] { self->do_stop(); });
}

void linux_program::kill(int first) {
  events_.post([self = shared_from_this(), first] { self->do_kill(first); });
}

void linux_program::signal(int number) {
  events_.post([self = shared_from_this(), number] {
    if (self->phase_ == phase::running)
      self->send_to_leader(number);
  });
}

void linux_program::do_stop() {
  if (std::exchange(stopping_, true))
    return;
  switch (phase_) {
  case phase::waiting:
    leave([](observer& to) { to.not_started("stopped before its start"); });
    break;
  case phase::running:
    check_ = nullptr;
    send_stop_signal();
    break;
  case phase::starting: // it gets the signal when it has started
  case phase::leaving:
  case phase::draining:
  case phase::gone:
    break;
  }
}

void linux_program::do_kill(int first) {
  if (phase_ == phase::waiting) {
    leave([](observer& to) { to.not_started("killed before its start"); });
    return;
  }
  if (first != 0 && phase_ == phase::running) {
    send_to_leader(first);
    events_.cancel(timer_);
    timer_ = events_.after(time_for_core, [this] { do_kill(0); });
    return;
  }
  killing_ = true;
  check_ = nullptr;
  if (phase_ == phase::running)
    kill_all();
  else if (phase_ == phase::leaving)
    look_for_rest();
}

// By its descriptor, which is never another's.
void linux_program::send_to_leader(int number) {
  ::syscall(SYS_pidfd_send_signal, child_.pidfd.get(), number, nullptr, 0U);
}

// A stopped process takes the signal when it is continued.
void linux_program::send_stop_signal() {
  end_.asked_to_stop = true;
  auto number = order_.what->stop_signal;
  if (order_.what->stop_group) {
    ::kill(-child_.pid, number);
    ::kill(-child_.pid, SIGCONT);
  } else {
    send_to_leader(number);
    send_to_leader(SIGCONT);
  }
}

void linux_program::kill_all() {
  if (phase_ == phase::running) {
    end_.killed_by_us = true;
    events_.cancel(timer_);
    timer_ = events_.after(time_to_die, [this] { tell_of_survival(); });
  }
  if (order_.what->keep_leftovers) {
    if (phase_ == phase::running)
      send_to_leader(SIGKILL);
    return;
  }
  ::kill(-child_.pid, SIGKILL);
}

// For the case that its supervisor gives it up.
void linux_program::tell_of_survival() {
  if (auto state = state_text(child_.pid); !state.empty())
    observer_->survives(std::move(state));
}

// As long as the leader is not reaped, the number of its group is certainly
// its own: the group gets its signal before that.
void linux_program::on_leader_event() {
  siginfo_t info{};
  rusage usage{};
  // The system call has one argument more than the function.
  ::syscall(SYS_waitid, P_PIDFD, child_.pidfd.get(), &info,
            WEXITED | WNOWAIT | WNOHANG, &usage);
  if (info.si_pid == 0)
    return;
  events_.unwatch(std::exchange(leader_watch_, 0), child_.pidfd.get());
  events_.cancel(std::exchange(timer_, 0));
  check_ = nullptr;
  end_.by_signal = info.si_code != CLD_EXITED;
  end_.core_dumped = info.si_code == CLD_DUMPED;
  end_.number = info.si_status;
  // It had our memory until it was executed, and that counts, too.
  if (usage.ru_maxrss > our_peak_kib_)
    end_.peak_kib = static_cast<std::uint64_t>(usage.ru_maxrss);
  end_.ran = std::chrono::duration_cast<std::chrono::milliseconds>(
    std::chrono::steady_clock::now() - since_);
  if (end_.by_signal && end_.number == SIGKILL && !end_.killed_by_us)
    end_.out_of_memory = memory_kills_grew();
  // What it sent last is still there to be read.
  if (child_.notify)
    receive_notifications();
  if (!stopping_)
    killing_ = true;
  phase_ = phase::leaving;
  if (!order_.what->keep_leftovers) {
    auto number = killing_ ? SIGKILL : order_.what->stop_signal;
    ::kill(-child_.pid, number);
    if (!killing_)
      ::kill(-child_.pid, SIGCONT);
  }
  reap_leader();
  look_for_rest();
}

void linux_program::reap_leader() {
  auto& known = registry::get();
  auto held = known.hold();
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(child_.pidfd.get()), &info, WEXITED);
  known.remove(child_.pid);
  child_.pidfd.reset();
}

void linux_program::look_for_rest() {
  if (order_.what->keep_leftovers) {
    drain();
    return;
  }
  auto left = rest_of_it();
  (void)reap_strangers(); // not before they are counted
  if (left > 0) {
    // Those that obey a moment later than their leader are not left behind.
    if (killing_ && !end_.killed_by_us && !std::exchange(counted_, true))
      end_.leftovers = left;
    look_again();
    return;
  }
  drain();
}

// How many processes are still there of it; they are killed if they may be.
std::size_t linux_program::rest_of_it() {
  if (group_exists(child_.pid)) {
    // Dead ones may wait for a parent that never reaps.
    auto members = members_of(child_.pid);
    if (killing_ && members.all > 0)
      ::kill(-child_.pid, SIGKILL);
    if (members.alive > 0)
      return members.all;
    if (killing_ && !end_.killed_by_us && !std::exchange(counted_, true))
      end_.leftovers = members.all;
  }
  if (!adopts_orphans())
    return 0;
  auto strays = adopted_from(mark_name + ("=" + mark_), child_.pid);
  for (auto each : strays)
    ::kill(each, SIGKILL);
  return strays.size();
}

void linux_program::look_again() {
  events_.cancel(timer_);
  timer_ = events_.after(pause_, [this] { look_for_rest(); });
  pause_ = std::min(pause_ * 2, longest_pause_between_looks);
}

void linux_program::drain() {
  events_.cancel(std::exchange(timer_, 0));
  phase_ = phase::draining;
  for (auto& each : std::vector{outputs_})
    each->read_rest();
  if (phase_ != phase::draining)
    return; // the last one has ended meanwhile
  if (order_.what->keep_leftovers) {
    finish();
    return;
  }
  finish_if_read();
  if (phase_ == phase::draining)
    timer_ = events_.after(time_for_output, [this] {
      timer_ = 0;
      finish();
    });
}

void linux_program::finish_if_read() {
  if (phase_ == phase::draining
      && std::all_of(outputs_.begin(), outputs_.end(),
                     [](auto& each) { return each->ended(); }))
    finish();
}

void linux_program::finish() {
  events_.cancel(std::exchange(timer_, 0));
  for (auto& each : outputs_) {
    each->on_end = nullptr;
    // What waits for room in the log is still to be written.
    if (!(order_.what->keep_leftovers || each->held_up()) || !each->let_go())
      each->finish();
    end_.lost_lines += each->lost();
  }
  end_.last_lines.assign(last_lines_.begin(), last_lines_.end());
  leave([this](observer& to) { to.ended(std::move(end_)); });
}

// `last_words` is the last that the observer hears.
void linux_program::leave(std::function<void(observer&)> last_words) {
  auto self = std::exchange(self_, nullptr);
  events_.cancel(std::exchange(timer_, 0));
  if (child_.notify)
    events_.unwatch(notify_watch_, child_.notify->descriptor());
  events_.unwatch(ready_watch_, child_.ready.get());
  phase_ = phase::gone;
  outputs_.clear();
  child_ = {};
  last_words(*observer_);
  observer_ = nullptr;
  for (auto& fn : std::exchange(at_the_end_, {}))
    fn();
  events_.post([self] {}); // callers of this have yet to return
}

} // namespace coppice::process
