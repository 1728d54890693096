// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/engine.hpp"

#include <utility>

namespace coppice::supervision {

void engine::finish() {
  auto finished = std::move(*job_);
  job_.reset();
  switch (finished.what) {
  case job::kind::init:
    emit(up{});
    break;
  case job::kind::terminate:
    if (finished.forget && children_.contains(finished.to_stop.front()))
      remove(finished.to_stop.front());
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

// -- starting -----------------------------------------------------------------

bool engine::start_next() {
  if (job_->next_start == job_->to_start.size())
    return false;
  auto key = job_->to_start[job_->next_start++];
  auto instance = ++last_instance_;
  auto& limit = children_.at(key).spec().ready_within;
  waiting_ = waiting_for_start{key, instance, limit ? arm(*limit) : 0};
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
    begin_watch(key, instance);
    emit(progress{key, instance, dynamic(), c.specification});
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
    job_->reason = exit_reason::shutdown("{failed_to_start_child," + c.spec().id
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
