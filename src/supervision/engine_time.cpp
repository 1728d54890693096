// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/engine.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

/// Beyond OTP: what a supervisor does when something takes too long.
namespace coppice::supervision {

namespace {

constexpr std::string_view unkillable = "unkillable";

} // namespace

// -- time ---------------------------------------------------------------------

std::uint64_t engine::arm(std::chrono::milliseconds delay) {
  emit(arm_timer{++last_timer_, delay});
  return last_timer_;
}

// Returns whether that is all; what is due for a child has to queue.
bool engine::on_timeout(std::uint64_t timer) {
  if (restarts_due_.contains(timer))
    return false;
  if (auto due = watches_due_.extract(timer))
    on_watch_due(due.mapped());
  else if (auto* start = std::get_if<waiting_for_start>(&waiting_);
           start != nullptr && start->timer == timer)
    give_up_start(*start);
  else if (auto* down = std::get_if<waiting_for_down>(&waiting_);
           down != nullptr && down->timer == timer)
    kill_slow(*down);
  else if (auto* all = std::get_if<waiting_for_all>(&waiting_))
    kill_slow(*all, timer);
  return true;
}

// The second time, the kill has not helped.
void engine::kill_slow(waiting_for_down& state) {
  if (state.killed) {
    auto [key, instance, _, killed] = state;
    emit(abandon{key, instance});
    on_down(key, instance, exit_reason::abnormal(std::string{unkillable}));
    return;
  }
  state.killed = true;
  emit(send_signal{state.key, state.instance, signal::kill});
  if (flags_.kill_grace)
    state.timer = arm(*flags_.kill_grace);
}

void engine::kill_slow(waiting_for_all& state, std::uint64_t timer) {
  std::vector<instance_id> stuck;
  std::uint64_t grace = 0;
  for (auto& waited : state.all) {
    if (waited.timer != timer || waited.down)
      continue;
    if (std::exchange(waited.killed, true)) {
      emit(abandon{waited.key, waited.instance});
      stuck.push_back(waited.instance);
      continue;
    }
    emit(send_signal{waited.key, waited.instance, signal::kill});
    if (flags_.kill_grace)
      waited.timer = grace = grace != 0 ? grace : arm(*flags_.kill_grace);
  }
  for (auto instance : stuck) // the last one ends `state`
    on_dynamic_down(instance, exit_reason::abnormal(std::string{unkillable}));
}

void engine::give_up_start(const waiting_for_start& state) {
  auto [key, instance, _] = state;
  emit(send_signal{key, instance, signal::kill});
  auto limit = *children_.at(key).spec().ready_within;
  start_outcome late = start_failed{exit_reason::abnormal(
    "not ready within " + std::to_string(limit.count()) + " ms")};
  on_start_returned(key, instance, late);
}

// -- progress -----------------------------------------------------------------

void engine::begin_watch(child_key key, instance_id instance) {
  auto& limit = children_.at(key).spec().progress_within;
  if (!limit)
    return;
  watches_.emplace(instance, watch{key, now_});
  watches_due_.emplace(arm(*limit), instance);
}

// A child that is being stopped has its own time; one that was killed because
// it hung is still waited for.
void engine::end_watch(instance_id instance) {
  if (auto i = watches_.find(instance);
      i != watches_.end() && !i->second.stalled)
    watches_.erase(i);
}

void engine::on_watch_due(instance_id instance) {
  auto i = watches_.find(instance);
  if (i == watches_.end() || deferred_exits_.contains(instance))
    return;
  auto& w = i->second;
  auto known = keys_by_instance_.find(instance);
  if (known == keys_by_instance_.end()
      || children_.at(known->second).state != child_state::running) {
    watches_.erase(i); // it was stopped
    return;
  }
  if (w.stalled) {
    emit(abandon{w.key, instance});
    child_exited gone{instance, exit_reason::abnormal(std::string{unkillable})};
    if (!resolve_exit(gone))
      defer(std::move(gone));
    return;
  }
  auto idle = std::chrono::floor<std::chrono::milliseconds>(now_ - w.last);
  auto limit = *children_.at(w.key).spec().progress_within;
  if (idle < limit) {
    watches_due_.emplace(arm(limit - idle), instance);
    return;
  }
  w.stalled = true;
  emit(stalled{w.key, instance});
  emit(send_signal{w.key, instance, signal::kill});
  if (flags_.kill_grace)
    watches_due_.emplace(arm(*flags_.kill_grace), instance);
}

// What ended a child that was killed because it hung.
exit_reason engine::true_reason(instance_id instance,
                                const exit_reason& reason) {
  auto w = watches_.extract(instance);
  if (w.empty() || !w.mapped().stalled || !children_.contains(w.mapped().key))
    return reason;
  auto limit = *children_.at(w.mapped().key).spec().progress_within;
  auto text = "no progress within " + std::to_string(limit.count()) + " ms";
  if (reason.detail() == unkillable)
    text = std::string{unkillable} + ": " + text;
  return exit_reason::abnormal(text);
}

} // namespace coppice::supervision
