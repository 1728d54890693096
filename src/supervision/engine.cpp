// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/engine.hpp"
#include "supervision/overloaded.hpp"

#include <cstdint>
#include <utility>

namespace coppice::supervision {

engine::engine(flags value, std::vector<child_spec> children)
    : kind_(value.strategy == strategy::simple_one_for_one ? kind::simple
                                                           : kind::fixed),
      flags_(value),
      window_(static_cast<std::uint32_t>(value.intensity), value.period) {
  for (auto& spec : children)
    add(std::make_shared<const child_spec>(std::move(spec)));
  if (kind_ == kind::simple)
    template_ = std::move(children_.extract(1).mapped().specification);
}

engine::engine(dynamic_flags value)
    : kind_(kind::dynamic),
      flags_(value),
      max_children_(value.max_children),
      window_(static_cast<std::uint32_t>(value.intensity), value.period) {
  // nop
}

// -- events -------------------------------------------------------------------

void engine::handle(event ev, time_point now, std::vector<command>& out) {
  if (ended_)
    return;
  now_ = now;
  out_ = &out;
  if (!resolve(ev)) {
    if (!idle())
      defer(std::move(ev));
    else if (auto* gone = std::get_if<child_exited>(&ev))
      on_exit(gone->instance, gone->reason);
    else
      process(ev);
  }
  run();
  out_ = nullptr;
}

void engine::defer(event ev) {
  if (auto* gone = std::get_if<child_exited>(&ev))
    deferred_exits_.emplace(gone->instance, gone->reason);
  deferred_.push_back(std::move(ev));
}

// Takes `ev` if it is what is being waited for; everything else has to queue.
bool engine::resolve(event& ev) {
  if (auto* returned = std::get_if<start_returned>(&ev)) {
    auto* start = std::get_if<waiting_for_start>(&waiting_);
    if (start != nullptr && start->instance == returned->instance)
      on_start_returned(start->key, start->instance, returned->outcome);
    return true;
  }
  if (auto* fired = std::get_if<timer_fired>(&ev))
    return on_timeout(fired->generation);
  if (auto* alive = std::get_if<progressed>(&ev)) {
    if (auto i = watches_.find(alive->instance); i != watches_.end())
      i->second.last = now_;
    return true;
  }
  if (auto* gone = std::get_if<child_exited>(&ev))
    return resolve_exit(*gone);
  return false;
}

bool engine::resolve_exit(const child_exited& gone) {
  if (auto* down = std::get_if<waiting_for_down>(&waiting_);
      down != nullptr && down->instance == gone.instance) {
    on_down(down->key, down->instance, gone.reason);
    return true;
  }
  if (auto* all = std::get_if<waiting_for_all>(&waiting_);
      all != nullptr && all->find(gone.instance) != nullptr) {
    on_dynamic_down(gone.instance, gone.reason);
    return true;
  }
  return false;
}

void engine::run() {
  while (!ended_ && std::holds_alternative<std::monostate>(waiting_)) {
    if (job_) {
      if (!stop_next() && !start_next())
        finish();
    } else if (!deferred_.empty()) {
      auto ev = std::move(deferred_.front());
      deferred_.pop_front();
      process(ev);
    } else {
      return;
    }
  }
}

void engine::process(event& ev) {
  std::visit(overloaded{
               [this](begin&) {
                 job_ = job{job::kind::init};
                 for (auto& [key, _] : children_)
                   job_->to_start.push_back(key);
               },
               [this](child_exited& x) {
                 // A shutdown may have taken the notice out of the queue.
                 if (deferred_exits_.erase(x.instance) > 0)
                   on_exit(x.instance, x.reason);
               },
               [this](retry_due& x) { on_retry(x.key); },
               [this](request& x) { on_request(x); },
               [this](parent_exited& x) {
                 emit(parent_noticed{});
                 end(std::move(x.reason));
               },
               [this](timer_fired& x) { on_restart_due(x.generation); },
               // These two never queue.
               [](start_returned&) {},
               [](progressed&) {},
             },
             ev);
}

// Source: OTP supervisor, the restart decision matrix.
void engine::on_exit(instance_id instance, const exit_reason& told) {
  auto reason = true_reason(instance, told);
  auto known = keys_by_instance_.find(instance);
  if (known == keys_by_instance_.end()
      || children_.at(known->second).state != child_state::running) {
    emit(exit_noticed{0, instance, reason});
    return;
  }
  auto key = known->second;
  auto& c = children_.at(key);
  emit(exit_noticed{key, instance, reason});
  auto spec = c.specification;
  auto crashed = spec->restart == restart::permanent || !reason.clean();
  if (crashed)
    report_on(report_context::child_terminated, key, c, reason);
  if (crashed && spec->restart != restart::temporary) {
    try_restart(key, false);
  } else {
    mark_down(key);
    after_unrestarted_exit(*spec);
  }
}

void engine::on_retry(child_key key) {
  emit(retry_noticed{key});
  auto i = children_.find(key);
  if (i != children_.end() && i->second.state == child_state::restarting)
    try_restart(key, true);
}

void engine::on_restart_due(std::uint64_t timer) {
  auto due = restarts_due_.extract(timer);
  if (due.empty())
    return;
  auto key = due.mapped();
  auto i = children_.find(key);
  if (i != children_.end() && i->second.state == child_state::restarting
      && paces_.at(key).timer == timer) {
    emit(wait_over{key});
    begin_restart(key, true);
  }
}

// -- children -----------------------------------------------------------------

engine::child* engine::find(std::string_view id) {
  auto i = keys_by_id_.find(id);
  return i == keys_by_id_.end() ? nullptr : &children_.at(i->second);
}

child_key engine::add(std::shared_ptr<const child_spec> spec) {
  auto key = ++last_key_;
  if (!dynamic())
    keys_by_id_.emplace(spec->id, key);
  if (spec->intensity)
    own_windows_.try_emplace(key, static_cast<std::uint32_t>(*spec->intensity),
                             spec->period);
  children_.emplace_hint(children_.end(), key, child{std::move(spec)});
  return key;
}

void engine::remove(child_key key) {
  auto i = children_.find(key);
  if (!dynamic())
    keys_by_id_.erase(i->second.spec().id);
  keys_by_instance_.erase(i->second.instance);
  children_.erase(i);
  paces_.erase(key);
  own_windows_.erase(key);
  emit(forget{key});
}

void engine::set_undefined(child& c) {
  keys_by_instance_.erase(c.instance);
  c.state = child_state::undefined;
  c.instance = 0;
}

// The child is down for good or until somebody restarts it.
void engine::mark_down(child_key key) {
  auto& c = children_.at(key);
  if (dynamic() || c.spec().restart == restart::temporary)
    remove(key);
  else
    set_undefined(c);
}

void engine::report_on(report_context context, child_key key, const child& c,
                       std::optional<exit_reason> reason) {
  emit(report{context, key, c.spec().id, c.spec().restart,
              offender{c.state, c.instance}, std::move(reason),
              c.specification});
}

void engine::emit(command cmd) {
  out_->push_back(std::move(cmd));
}

} // namespace coppice::supervision
