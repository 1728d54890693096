// SPDX-License-Identifier: BSD-3-Clause

#include "lab/actor_world_impl.hpp"

#include "actor/messages.hpp"
#include "actor/tap.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/system.hpp"
#include "lab/lab_worker.hpp"
#include "lab/validity.hpp"

#include <algorithm>
#include <functional>
#include <variant>

namespace coppice::lab {

using namespace supervision;

namespace {

// Nothing runs on the scheduler; it cannot do without a thread.
caf::actor_system_config& prepared(caf::actor_system_config& cfg) {
  actor::register_types();
  actor::configure_scheduler(cfg, 1);
  return cfg;
}

} // namespace

actor_world::impl::impl(std::shared_ptr<const scenario> plan,
                        std::optional<std::uint64_t> shuffle)
    : plan_(std::move(plan)),
      system_(prepared(config_)),
      time_(system_, shuffle),
      rt_(std::make_shared<actor::runtime>(system_)) {
  rt_->time = &time_;
  rt_->tap = this;
}

// What lives is killed, or the actor system would wait for it.
actor_world::impl::~impl() {
  rt_->tap = nullptr;
  for (auto& [_, instances] : by_name_)
    for (auto& [number, who] : instances)
      actor::signal_kill(who.handle);
  time_.run();
}

// -- the loop -----------------------------------------------------------------

void actor_world::impl::play(const step& what) {
  chronicle_.begin_step(++step_);
  perform(*this, what, false);
  settle();
  if (what.what != op::sleep_ms && what.what != op::advance_ms)
    return;
  auto until = time_.now() + what.time;
  for (auto due = time_.next_timer(); due && *due <= until;
       due = time_.next_timer()) {
    time_.step();
    settle();
  }
  time_.advance(std::chrono::ceil<std::chrono::milliseconds>(
    until - std::min(until, time_.now())));
}

void actor_world::impl::finish() {
  auto* top = find_supervisor(plan_->top.id);
  if (top_reason_)
    note(event::sup_exit(to_string(*top_reason_)));
  else if (top != nullptr && part_of(top->handle).record.up)
    note(event::sup_alive());
}

void actor_world::impl::settle() {
  do {
    time_.run();
  } while (busy() && time_.step());
}

bool actor_world::impl::busy() const {
  auto all = supervisors();
  return std::any_of(all.begin(), all.end(),
                     [](auto* sup) { return !sup->machine().idle(); });
}

void actor_world::impl::note(trace_event what) {
  chronicle_.note(time_.now(), std::move(what));
}

std::vector<const actor::supervisor*> actor_world::impl::supervisors() const {
  std::vector<const actor::supervisor*> result;
  for (auto& [_, part] : supervisors_)
    if (!actor::has_ended(part.handle))
      result.push_back(static_cast<const actor::supervisor*>(
        caf::actor_cast<caf::abstract_actor*>(part.handle)));
  return result;
}

bool actor_world::impl::lives(const actor::supervisor& sup,
                              instance_id instance) const {
  auto& children = supervisors_.at(sup.id()).children;
  auto i = children.find(instance);
  return i != children.end() && !actor::has_ended(i->second);
}

// -- what supervisors do ------------------------------------------------------

void actor_world::impl::on_command(const actor::supervisor& who,
                                   const command& cmd) {
  auto& sup = supervisors_.at(who.id());
  if (watcher)
    watcher(who, cmd, time_.now());
  if (auto* start = std::get_if<start_instance>(&cmd))
    starting_ = *start;
  if (sup.killed)
    return;
  chronicle_.tell(time_.now(), sup.record, cmd);
  if (std::holds_alternative<up>(cmd))
    supervisor_up(sup);
  else if (auto* end = std::get_if<stopped>(&cmd))
    supervisor_stopped(sup, end->reason);
}

void actor_world::impl::on_unexpected(const actor::supervisor& who,
                                      const caf::message& what) {
  auto& id = supervisors_.at(who.id()).record.name.id;
  const auto& text = what.get_as<std::string>(0);
  note(event::unexpected(id, text));
  note(event::log_error(id, "Supervisor received unexpected message: " + text));
}

void actor_world::impl::supervisor_up(supervisor_part& sup) {
  sup.record.up = true;
  auto res = sup.info.empty() ? "ok" : "{ok_extra," + sup.info + "}";
  note(event::start(sup.parent, sup.record.name, res));
  if (sup.parent == "$parent")
    note(event::reply(
      "$driver", "start",
      "{ok," + instance_name(sup.record.name.id, sup.record.name.n) + "}"));
}

void actor_world::impl::supervisor_stopped(supervisor_part& sup,
                                           const exit_reason& reason) {
  if (sup.record.up) {
    if (!reason.clean())
      note(event::gen_server_terminate(sup.record.name.id, to_string(reason)));
    return;
  }
  auto res = "{error," + to_string(reason) + "}";
  note(event::start(sup.parent, sup.record.name, res));
  if (sup.parent == "$parent")
    note(event::reply("$driver", "start", res));
}

// -- the world ----------------------------------------------------------------

actor_world::actor_world(std::shared_ptr<const scenario> plan,
                         std::optional<std::uint64_t> shuffle)
    : impl_(std::make_unique<impl>(std::move(plan), shuffle)) {
  // nop
}

actor_world::~actor_world() = default;

void actor_world::play(const step& what) {
  impl_->play(what);
}

void actor_world::finish() {
  impl_->finish();
}

const std::vector<moment>& actor_world::moments() const noexcept {
  return impl_->moments();
}

std::vector<const actor::supervisor*> actor_world::supervisors() const {
  return impl_->supervisors();
}

bool actor_world::lives(const actor::supervisor& sup,
                        instance_id instance) const {
  return impl_->lives(sup, instance);
}

void actor_world::watch(
  std::function<void(const actor::supervisor&, const command&, time_point)>
    fn) {
  impl_->watcher = std::move(fn);
}

std::vector<moment> play_on_actors(const scenario& plan) {
  actor_world world{std::make_shared<const scenario>(plan)};
  for (auto& next : plan.steps)
    world.play(next);
  world.finish();
  return world.moments();
}

} // namespace coppice::lab
