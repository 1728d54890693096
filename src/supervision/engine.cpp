#include "coppice/supervision/engine.hpp"

#include <algorithm>
#include <utility>

namespace coppice::supervision {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace

engine::engine(flags value, std::vector<child_spec> children)
    : flags_(value),
      window_(static_cast<std::uint32_t>(value.intensity), value.period) {
  if (dynamic()) {
    template_ = std::move(children.front());
    last_key_ = 1;
    return;
  }
  for (auto& spec : children)
    add(std::move(spec));
}

// -- events -------------------------------------------------------------------

void engine::handle(event ev, time_point now, std::vector<command>& out) {
  if (ended_)
    return;
  now_ = now;
  out_ = &out;
  if (!resolve(ev)) {
    if (auto* gone = std::get_if<child_exited>(&ev))
      deferred_exits_.emplace(gone->instance, gone->reason);
    deferred_.push_back(std::move(ev));
  }
  run();
  out_ = nullptr;
}

// Takes `ev` if it is what is being waited for; everything else has to queue.
bool engine::resolve(event& ev) {
  if (auto* returned = std::get_if<start_returned>(&ev)) {
    auto* start = std::get_if<waiting_for_start>(&waiting_);
    if (start != nullptr && start->instance == returned->instance)
      on_start_returned(start->key, start->instance, returned->outcome);
    return true;
  }
  if (auto* fired = std::get_if<timer_fired>(&ev)) {
    if (fired->generation == last_timer_)
      on_timeout();
    return true;
  }
  if (auto* gone = std::get_if<child_exited>(&ev)) {
    if (auto* down = std::get_if<waiting_for_down>(&waiting_);
        down != nullptr && down->instance == gone->instance) {
      on_down(down->key, down->instance, gone->reason);
      return true;
    }
    if (auto* all = std::get_if<waiting_for_all>(&waiting_);
        all != nullptr && all->pending.contains(gone->instance)) {
      on_dynamic_down(gone->instance, gone->reason);
      return true;
    }
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
               [this](parent_exited& x) { end(std::move(x.reason)); },
               // These two never queue.
               [](start_returned&) {},
               [](timer_fired&) {},
             },
             ev);
}

// Source: OTP supervisor, the restart decision matrix.
void engine::on_exit(instance_id instance, const exit_reason& reason) {
  auto known = keys_by_instance_.find(instance);
  if (known == keys_by_instance_.end()
      || children_.at(known->second).state != child_state::running) {
    emit(exit_noticed{0, instance, reason});
    return;
  }
  auto key = known->second;
  auto& c = children_.at(key);
  emit(exit_noticed{key, instance, reason});
  auto crashed = c.spec.restart == restart::permanent || !reason.clean();
  if (crashed)
    report_on(report_context::child_terminated, key, c, reason);
  if (crashed && c.spec.restart != restart::temporary) {
    try_restart(key, false);
  } else {
    auto spec = c.spec;
    mark_down(key);
    after_unrestarted_exit(spec);
  }
}

void engine::on_retry(child_key key) {
  emit(retry_noticed{key});
  auto i = children_.find(key);
  if (i != children_.end() && i->second.state == child_state::restarting)
    try_restart(key, true);
}

// -- restarts -----------------------------------------------------------------

void engine::try_restart(child_key key, bool retried) {
  auto allowed = window_.record(now_);
  if (!allowed) {
    give_up(key);
    return;
  }
  auto& c = children_.at(key);
  auto affected = affected_by(key);
  emit(restart_decided{key, c.spec.id, flags_.strategy, affected,
                       window_.used(now_)});
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
      if (first->second.spec.restart != restart::temporary)
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
    return entry.second.spec.significant
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

// -- children -----------------------------------------------------------------

engine::child* engine::find(std::string_view id) {
  auto i = keys_by_id_.find(id);
  return i == keys_by_id_.end() ? nullptr : &children_.at(i->second);
}

child_key engine::add(child_spec spec) {
  auto key = ++last_key_;
  if (!dynamic())
    keys_by_id_.emplace(spec.id, key);
  children_.emplace(key, child{std::move(spec)});
  return key;
}

void engine::remove(child_key key) {
  auto i = children_.find(key);
  if (!dynamic())
    keys_by_id_.erase(i->second.spec.id);
  keys_by_instance_.erase(i->second.instance);
  children_.erase(i);
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
  if (dynamic() || c.spec.restart == restart::temporary)
    remove(key);
  else
    set_undefined(c);
}

void engine::report_on(report_context context, child_key key, const child& c,
                       std::optional<exit_reason> reason) {
  emit(report{context, key, c.spec.id, c.spec.restart,
              offender{c.state, c.instance}, std::move(reason)});
}

void engine::emit(command cmd) {
  out_->push_back(std::move(cmd));
}

} // namespace coppice::supervision
