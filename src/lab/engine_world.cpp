// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"

#include <algorithm>

namespace coppice::lab {

using namespace supervision;

engine_world::engine_world(std::shared_ptr<const scenario> plan)
    : plan_(std::move(plan)) {
  // nop
}

void engine_world::play(const step& what) {
  chronicle_.begin_step(++step_);
  perform(*this, what, false);
  settle();
  if (what.what != op::sleep_ms && what.what != op::advance_ms)
    return;
  auto until = now_ + what.time;
  while (!timers_.empty() && timers_.begin()->second.due <= until) {
    step_time();
    settle();
  }
  now_ = std::max(now_, until);
}

void engine_world::finish() {
  auto top = find_supervisor(plan_->top.id);
  if (top_reason_)
    note(event::sup_exit(to_string(*top_reason_)));
  else if (top != 0 && processes_.at(top).sup->record.up)
    note(event::sup_alive());
}

std::map<std::string, const engine*> engine_world::supervisors() const {
  std::map<std::string, const engine*> result;
  for (auto& [_, p] : processes_)
    if (p.alive && p.sup)
      result[p.name.id] = &p.sup->machine;
  return result;
}

// -- the loop -----------------------------------------------------------------

void engine_world::settle() {
  do {
    while (!queue_.empty()) {
      auto next = std::move(queue_.front());
      queue_.pop_front();
      if (auto* letter = std::get_if<mail>(&next))
        deliver(*letter);
      else
        react(std::get<reaction>(next).who);
    }
  } while (busy() && step_time());
}

// Moves on to the next timer.
bool engine_world::step_time() {
  if (timers_.empty())
    return false;
  auto next = timers_.extract(timers_.begin()).mapped();
  now_ = std::max(now_, next.due);
  fire(next);
  return true;
}

void engine_world::fire(const timer& what) {
  if (living(what.who) == nullptr)
    return;
  if (auto* generation = std::get_if<std::uint64_t>(&what.what))
    queue_.push_back(mail{what.who, timer_fired{*generation}});
  else
    die(what.who, std::get<exit_reason>(what.what));
}

bool engine_world::busy() const {
  return std::any_of(processes_.begin(), processes_.end(), [](auto& entry) {
    auto& p = entry.second;
    return p.alive && p.sup && !p.sup->machine.idle();
  });
}

void engine_world::react(process_id who) {
  auto* p = living(who);
  if (p == nullptr)
    return;
  auto& plan = p->def->on_shutdown;
  switch (plan.what) {
  case shutdown_plan::answer::comply:
    die(who, exit_reason::shutdown());
    break;
  case shutdown_plan::answer::ignore:
    break;
  case shutdown_plan::answer::exit:
    die(who, plan.reason);
    break;
  case shutdown_plan::answer::delay:
    after(plan.delay, who, exit_reason::shutdown());
    break;
  }
}

void engine_world::note(trace_event what) {
  chronicle_.note(now_, std::move(what));
}

void engine_world::after(std::chrono::milliseconds delay, process_id who,
                         std::variant<std::uint64_t, exit_reason> what) {
  auto due = now_ + delay;
  auto sequence = ++last_timer_;
  timers_.emplace(std::pair{due, sequence},
                  timer{due, sequence, who, std::move(what)});
}

std::vector<moment> play(const scenario& plan) {
  engine_world world{std::make_shared<const scenario>(plan)};
  for (auto& next : plan.steps)
    world.play(next);
  world.finish();
  return world.moments();
}

} // namespace coppice::lab
