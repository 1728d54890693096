// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/virtual_time.hpp"

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

void virtual_time::run() {
  while (!ready_.empty()) {
    auto* who = next();
    if (who->resume(this, 1) == caf::resumable::resume_later)
      ready_.push_back(who);
    else
      release(who);
  }
}

std::optional<supervision::time_point> virtual_time::next_timer() const {
  if (timers_.empty())
    return {};
  return timers_.begin()->first.first;
}

bool virtual_time::step() {
  if (timers_.empty())
    return false;
  auto first = timers_.extract(timers_.begin());
  now_ = std::max(now_, first.key().first);
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
