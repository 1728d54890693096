// SPDX-License-Identifier: BSD-3-Clause

#include "actor/virtual_time.hpp"

#include "actor/turn.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace coppice::actor {

virtual_time::virtual_time(caf::actor_system& sys,
                           std::optional<std::uint64_t> shuffle)
    : run_queue(sys) {
  if (shuffle)
    chance_.emplace(*shuffle);
}

virtual_time::~virtual_time() {
  // The end of one may make another one ready.
  while (!ready_.empty())
    release(next());
}

void virtual_time::after(std::chrono::nanoseconds delay,
                         std::function<void()> fn) {
  timers_.emplace(due{now_ + delay, ++last_timer_}, std::move(fn));
}

void virtual_time::add(guest& who) {
  guests_.push_back(&who);
}

void virtual_time::remove(guest& who) {
  std::erase(guests_, &who);
}

void virtual_time::run() {
  do {
    while (!ready_.empty()) {
      auto* who = next();
      if (give_turn(who, *this, 1))
        ready_.push_back(who);
    }
  } while (turn_guests() || !ready_.empty());
}

// By index, since a turn may add or remove guests.
bool virtual_time::turn_guests() {
  auto busy = false;
  for (std::size_t i = 0; i < guests_.size(); ++i)
    busy |= guests_[i]->turn();
  return busy;
}

bool virtual_time::wait_outside(std::chrono::milliseconds limit) const {
  std::vector<pollfd> from;
  for (auto* each : guests_)
    if (auto fd = each->descriptor(); fd >= 0)
      from.push_back({fd, POLLIN, 0});
  if (from.empty())
    return false;
  return ::poll(from.data(), from.size(), static_cast<int>(limit.count())) > 0;
}

std::optional<supervision::time_point> virtual_time::next_timer() const {
  std::optional<supervision::time_point> result;
  if (!timers_.empty())
    result = timers_.begin()->first.first;
  for (auto* each : guests_)
    if (auto due = each->next_timer(); due && (!result || *due < *result))
      result = due;
  return result;
}

bool virtual_time::step() {
  auto due = next_timer();
  if (!due)
    return false;
  now_ = std::max(now_, *due);
  if (timers_.empty() || timers_.begin()->first.first > *due) {
    turn_guests();
    return true;
  }
  auto first = timers_.extract(timers_.begin());
  first.mapped()();
  return true;
}

void virtual_time::advance(std::chrono::nanoseconds delay) {
  auto until = now_ + delay;
  run();
  for (auto due = next_timer(); due && *due <= until; due = next_timer()) {
    step();
    run();
  }
  now_ = std::max(now_, until);
}

void virtual_time::post(caf::resumable* what) {
  ready_.push_back(what);
}

caf::resumable* virtual_time::next() {
  std::size_t index = 0;
  if (chance_)
    index = std::uniform_int_distribution<std::size_t>{0, ready_.size()
                                                            - 1}(*chance_);
  auto* result = ready_[index];
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(index));
  return result;
}

} // namespace coppice::actor
