// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/engine.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace coppice::supervision {

void engine::try_restart(child_key key, bool retried) {
  auto* own = own_window(key);
  if (own == nullptr && !window_.record(now_)) {
    give_up(key);
    return;
  }
  auto& c = children_.at(key);
  auto delay = next_delay(key);
  restart_decided decision{key,
                           c.spec().id,
                           c.spec().restart,
                           flags_.strategy,
                           affected_by(key),
                           window_.used(now_),
                           delay};
  if (own != nullptr) {
    auto room_in
      = std::chrono::ceil<std::chrono::milliseconds>(own->room_in(now_));
    decision.delay = delay = std::max(delay, room_in);
    decision.own = own_budget_of(*own, now_ + delay);
    ++decision.own->used; // this one, when it begins
    decision.own->used_up = room_in.count() > 0;
  }
  emit(std::move(decision));
  if (delay.count() == 0) {
    begin_restart(key, retried);
    return;
  }
  c.state = child_state::restarting;
  auto timer = arm(delay);
  paces_[key].timer = timer;
  restarts_due_.emplace(timer, key);
}

const restart_window* engine::own_window(child_key key) const {
  auto i = own_windows_.find(key);
  return i == own_windows_.end() ? nullptr : &i->second;
}

// The wait before the restart that was just decided: none without a back-off.
std::chrono::milliseconds engine::next_delay(child_key key) {
  auto& how = children_.at(key).spec().backoff;
  if (!how)
    return {};
  auto& p = paces_.try_emplace(key, pace{how->initial, now_, 0}).first->second;
  if (now_ - p.last >= how->quiet)
    p.next = how->initial;
  // splitmix64: spreads the restarts of many children that fail together.
  auto x = chance_ += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  auto luck = static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  auto next = static_cast<double>(p.next.count());
  auto ms = next * (1 - how->jitter * luck);
  p.next = std::chrono::milliseconds{static_cast<std::int64_t>(
    std::min(next * how->factor, static_cast<double>(how->limit.count())))};
  std::chrono::milliseconds delay{static_cast<std::int64_t>(std::ceil(ms))};
  p.last = now_ + delay;
  return delay;
}

void engine::begin_restart(child_key key, bool retried) {
  auto& c = children_.at(key);
  if (auto own = own_windows_.find(key); own != own_windows_.end())
    own->second.record(now_);
  auto affected = affected_by(key);
  job_ = job{job::kind::restart};
  job_->culprit = key;
  job_->old_instance = c.instance;
  job_->retried = retried;
  switch (flags_.strategy) {
  case strategy::one_for_one:
  case strategy::simple_one_for_one:
    break;
  case strategy::one_for_all:
  case strategy::rest_for_one: {
    auto first = flags_.strategy == strategy::one_for_all ? children_.begin()
                                                          : children_.find(key);
    set_undefined(c);
    for (auto i = children_.end(); i != first;)
      if ((--i)->first != key)
        job_->to_stop.push_back(i->first);
  }
  }
  job_->to_start = std::move(affected);
}

// The children that a crash of `key` will start, in start order: temporary
// ones are never started again.
std::vector<child_key> engine::affected_by(child_key key) const {
  std::vector<child_key> result;
  auto collect = [&](auto first) {
    for (; first != children_.end(); ++first)
      if (first->second.spec().restart != restart::temporary)
        result.push_back(first->first);
  };
  switch (flags_.strategy) {
  case strategy::one_for_one:
  case strategy::simple_one_for_one:
    result.push_back(key);
    break;
  case strategy::one_for_all:
    collect(children_.begin());
    break;
  case strategy::rest_for_one:
    collect(children_.find(key));
  }
  return result;
}

void engine::give_up(child_key key) {
  report_on(report_context::shutdown, key, children_.at(key), {});
  mark_down(key);
  end(exit_reason::shutdown());
}

// Source: OTP supervisor, auto shutdown.
void engine::after_unrestarted_exit(const child_spec& spec) {
  if (!spec.significant)
    return;
  auto active = [](auto& entry) {
    return entry.second.spec().significant
           && entry.second.state != child_state::undefined;
  };
  switch (flags_.auto_shutdown) {
  case auto_shutdown::never:
    return;
  case auto_shutdown::all_significant:
    if (std::any_of(children_.begin(), children_.end(), active))
      return;
    break;
  case auto_shutdown::any_significant:
    break;
  }
  end(exit_reason::shutdown());
}

} // namespace coppice::supervision
