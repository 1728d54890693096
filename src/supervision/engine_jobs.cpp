#include "coppice/supervision/engine.hpp"

#include <utility>

namespace coppice::supervision {

namespace {

// Whether a child that was told to stop ended as it should.
// Source: OTP supervisor.
bool ended_well(const child_spec& spec, const exit_reason& reason) {
  auto permanent = spec.restart == restart::permanent;
  auto brutal = spec.effective_shutdown().kind() == shutdown::how::brutal_kill;
  switch (reason.what()) {
  case exit_reason::kind::killed:
    return brutal;
  case exit_reason::kind::shutdown:
    return !permanent || (reason.plain_shutdown() && !brutal);
  case exit_reason::kind::normal:
    return !permanent;
  case exit_reason::kind::abnormal:
    return false;
  }
  return false;
}

} // namespace

void engine::finish() {
  auto finished = std::move(*job_);
  job_.reset();
  switch (finished.what) {
  case job::kind::init:
    emit(up{});
    break;
  case job::kind::terminate:
    emit(send_reply{finished.origin, done{}});
    break;
  case job::kind::abort_init:
  case job::kind::end:
    ended_ = true;
    emit(stopped{std::move(finished.reason).value()});
    break;
  case job::kind::restart:
  case job::kind::add:
  case job::kind::revive:
    break;
  }
}

void engine::end(exit_reason reason) {
  job_ = job{job::kind::end};
  job_->reason = std::move(reason);
  if (dynamic())
    stop_all_dynamic();
  else
    for (auto i = children_.rbegin(); i != children_.rend(); ++i)
      job_->to_stop.push_back(i->first);
}

// -- stopping -----------------------------------------------------------------

bool engine::stop_next() {
  if (job_->next_stop == job_->to_stop.size())
    return false;
  auto key = job_->to_stop[job_->next_stop++];
  if (children_.at(key).state == child_state::running)
    begin_shutdown(key);
  else
    mark_down(key);
  return true;
}

// Source: OTP supervisor, the shutdown protocol.
void engine::begin_shutdown(child_key key) {
  auto& c = children_.at(key);
  auto how = c.spec.effective_shutdown();
  auto brutal = how.kind() == shutdown::how::brutal_kill;
  emit(send_signal{key, c.instance, brutal ? signal::kill : signal::shutdown});
  if (auto gone = deferred_exits_.extract(c.instance)) {
    on_down(key, c.instance, gone.mapped());
    return;
  }
  waiting_for_down state{key, c.instance, 0};
  if (how.kind() == shutdown::how::timeout) {
    if (how.limit().count() == 0) {
      emit(send_signal{key, c.instance, signal::kill});
    } else {
      state.timer = ++last_timer_;
      emit(arm_timer{state.timer, how.limit()});
    }
  }
  waiting_ = state;
}

void engine::on_down(child_key key, instance_id instance,
                     const exit_reason& reason) {
  waiting_ = std::monostate{};
  emit(child_down{key, instance, reason});
  auto& c = children_.at(key);
  if (!ended_well(c.spec, reason))
    report_on(report_context::shutdown_error, key, c, reason);
  mark_down(key);
}

void engine::on_timeout() {
  if (auto* down = std::get_if<waiting_for_down>(&waiting_)) {
    if (down->timer == last_timer_)
      emit(send_signal{down->key, down->instance, signal::kill});
  } else if (auto* all = std::get_if<waiting_for_all>(&waiting_)) {
    if (all->timer == last_timer_)
      for (auto& [instance, key] : all->pending)
        emit(send_signal{key, instance, signal::kill});
  }
}

// Source: OTP supervisor, children of simple_one_for_one end in parallel.
void engine::stop_all_dynamic() {
  auto how = template_.effective_shutdown();
  auto what = how.kind() == shutdown::how::brutal_kill ? signal::kill
                                                       : signal::shutdown;
  waiting_for_all state{};
  for (auto& [key, c] : children_) {
    if (c.state != child_state::running)
      continue;
    emit(send_signal{key, c.instance, what});
    state.pending.emplace(c.instance, key);
  }
  if (how.kind() == shutdown::how::timeout && !state.pending.empty()) {
    state.timer = ++last_timer_;
    emit(arm_timer{state.timer, how.limit()});
  }
  auto pending = state.pending;
  waiting_ = std::move(state);
  if (pending.empty())
    finish_dynamic_stop();
  for (auto& [instance, _] : pending)
    if (auto gone = deferred_exits_.extract(instance))
      on_dynamic_down(instance, gone.mapped());
}

void engine::on_dynamic_down(instance_id instance, const exit_reason& reason) {
  auto& all = std::get<waiting_for_all>(waiting_);
  auto key = all.pending.at(instance);
  all.pending.erase(instance);
  emit(child_down{key, instance, reason});
  if (!ended_well(template_, reason))
    ++all.errors.try_emplace(to_string(reason), reason, 0).first->second.second;
  if (all.pending.empty())
    finish_dynamic_stop();
}

void engine::finish_dynamic_stop() {
  auto errors = std::move(std::get<waiting_for_all>(waiting_).errors);
  for (auto& [_, error] : errors)
    emit(report{report_context::shutdown_error, 1, template_.id,
                template_.restart,
                offender{child_state::running, 0, error.second}, error.first});
  waiting_ = std::monostate{};
  while (!children_.empty())
    remove(children_.begin()->first);
}

// -- starting -----------------------------------------------------------------

bool engine::start_next() {
  if (job_->next_start == job_->to_start.size())
    return false;
  auto key = job_->to_start[job_->next_start++];
  auto instance = ++last_instance_;
  waiting_ = waiting_for_start{key, instance};
  emit(start_instance{key, instance, job_->origin});
  return true;
}

void engine::on_start_returned(child_key key, instance_id instance,
                               start_outcome& outcome) {
  waiting_ = std::monostate{};
  if (auto* bad = std::get_if<start_failed>(&outcome)) {
    on_start_failed(key, bad->reason);
    return;
  }
  auto& c = children_.at(key);
  keys_by_instance_.erase(c.instance);
  child_ref ref{0, {}};
  if (auto* good = std::get_if<started>(&outcome)) {
    c.state = child_state::running;
    c.instance = instance;
    keys_by_instance_.emplace(instance, key);
    emit(progress{key, instance, dynamic()});
    ref = child_ref{instance, std::move(good->info)};
  } else {
    mark_down(key); // ignored
  }
  if (job_->what == job::kind::add || job_->what == job::kind::revive)
    emit(send_reply{job_->origin, std::move(ref)});
}

void engine::on_start_failed(child_key key, const exit_reason& reason) {
  auto& c = children_.at(key);
  switch (job_->what) {
  case job::kind::init: {
    report_on(report_context::start_error, key, c, reason);
    job_ = job{job::kind::abort_init};
    job_->reason = exit_reason::shutdown("{failed_to_start_child," + c.spec.id
                                         + "," + to_string(reason) + "}");
    for (auto i = children_.rbegin(); i != children_.rend(); ++i)
      job_->to_stop.push_back(i->first);
    break;
  }
  case job::kind::restart: {
    // In a group, the report names no instance and the former one of a
    // sibling is forgotten. Source: OTP supervisor.
    auto group = flags_.strategy == strategy::one_for_all
                 || flags_.strategy == strategy::rest_for_one;
    if (!group && job_->retried)
      c.state = child_state::restarting;
    report_on(report_context::start_error, key, c, reason);
    c.state = child_state::restarting;
    c.instance = key == job_->culprit ? job_->old_instance : 0;
    job_->to_start.clear();
    job_->next_start = 0;
    emit(retry_later{key});
    break;
  }
  case job::kind::add:
    emit(send_reply{job_->origin, refused{refusal::start_failed, 0, reason}});
    remove(key);
    break;
  case job::kind::revive:
    emit(send_reply{job_->origin, refused{refusal::start_failed, 0, reason}});
    break;
  case job::kind::abort_init:
  case job::kind::terminate:
  case job::kind::end:
    break;
  }
}

} // namespace coppice::supervision
