// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/engine.hpp"

#include <utility>

namespace coppice::supervision {

void engine::on_request(request& req) {
  auto id = req.id;
  emit(request_noticed{id});
  auto result
    = std::visit([this, id](auto& body) { return answer(id, body); }, req.body);
  if (result)
    emit(send_reply{id, std::move(*result)});
}

reply engine::refuse(refusal why, instance_id instance) const {
  return refused{why, instance};
}

// Dynamic children have no ids to ask for them by.
reply engine::refuse_id() const {
  return refuse(kind_ == kind::simple ? refusal::simple_one_for_one
                                      : refusal::not_found);
}

std::optional<reply> engine::refuse_unless_down(std::string_view id) {
  if (dynamic())
    return refuse_id();
  auto* c = find(id);
  if (c == nullptr)
    return refuse(refusal::not_found);
  switch (c->state) {
  case child_state::running:
    return refuse(refusal::running);
  case child_state::restarting:
    return refuse(refusal::restarting);
  case child_state::undefined:
    break;
  }
  return {};
}

std::optional<reply> engine::answer(request_id id, start_child& body) {
  if (kind_ == kind::simple)
    return refuse(refusal::simple_one_for_one);
  auto checked = kind_ == kind::dynamic
                   ? validate_dynamic(body.spec)
                   : validate(body.spec, flags_.auto_shutdown);
  if (!checked)
    return refused{refusal::invalid_spec, 0, {}, std::move(checked.error())};
  if (max_children_ && children_.size() >= *max_children_)
    return refuse(refusal::max_children);
  if (auto* present = find(body.spec.id)) {
    if (present->state == child_state::running)
      return refuse(refusal::already_started, present->instance);
    return refuse(refusal::already_present);
  }
  job_ = job{job::kind::add};
  job_->origin = id;
  job_->to_start.push_back(
    add(std::make_shared<const child_spec>(std::move(body.spec))));
  return {};
}

std::optional<reply> engine::answer(request_id id, start_dynamic_child&) {
  if (kind_ != kind::simple)
    return refused{refusal::invalid_spec,
                   0,
                   {},
                   spec_error{"missing_id", "spec",
                              "only a simple_one_for_one supervisor starts "
                              "children without a specification"}};
  job_ = job{job::kind::add};
  job_->origin = id;
  job_->to_start.push_back(add(template_));
  return {};
}

std::optional<reply> engine::answer(request_id id, terminate_child& body) {
  if (dynamic())
    return refuse_id();
  auto i = keys_by_id_.find(body.id);
  if (i == keys_by_id_.end())
    return refuse(refusal::not_found);
  job_ = job{job::kind::terminate};
  job_->origin = id;
  job_->forget = body.forget;
  job_->to_stop.push_back(i->second);
  return {};
}

std::optional<reply> engine::answer(request_id id,
                                    terminate_dynamic_child& body) {
  if (!dynamic())
    return refuse(refusal::not_found);
  auto i = keys_by_instance_.find(body.instance);
  if (i == keys_by_instance_.end()) {
    if (body.alive || kind_ == kind::dynamic)
      return refuse(refusal::not_found);
    return done{};
  }
  job_ = job{job::kind::terminate};
  job_->origin = id;
  job_->to_stop.push_back(i->second);
  return {};
}

std::optional<reply> engine::answer(request_id id, restart_child& body) {
  if (auto no = refuse_unless_down(body.id))
    return no;
  job_ = job{job::kind::revive};
  job_->origin = id;
  job_->to_start.push_back(keys_by_id_.find(body.id)->second);
  return {};
}

std::optional<reply> engine::answer(request_id, delete_child& body) {
  if (auto no = refuse_unless_down(body.id))
    return no;
  remove(keys_by_id_.find(body.id)->second);
  return done{};
}

child_info engine::info_on(const child& c) const {
  return {dynamic() ? std::string{} : c.spec().id, c.state,
          c.state == child_state::running ? c.instance : 0, c.spec().type};
}

// Source: OTP supervisor, newest first.
std::optional<reply> engine::answer(request_id, which_children&) {
  std::vector<child_info> result;
  result.reserve(children_.size());
  for (auto i = children_.rbegin(); i != children_.rend(); ++i)
    result.push_back(info_on(i->second));
  return result;
}

// Source: OTP supervisor (28).
std::optional<reply> engine::answer(request_id, which_child& body) {
  if (dynamic())
    return refuse_id();
  if (auto* c = find(body.id))
    return info_on(*c);
  return refuse(refusal::not_found);
}

// As which_children has it: OTP 29.1.2 lists a restarting child there, but does
// not find it here.
std::optional<reply> engine::answer(request_id, which_dynamic_child& body) {
  auto i = keys_by_instance_.find(body.instance);
  if (!dynamic() || i == keys_by_instance_.end())
    return refuse(refusal::not_found);
  return info_on(children_.at(i->second));
}

// Source: OTP supervisor. A child whose exit waits in the queue is dead
// already; only the static strategies look at that.
std::optional<reply> engine::answer(request_id, count_children&) {
  child_counts result{kind_ == kind::simple ? 1 : children_.size(), 0, 0, 0};
  for (auto& [_, c] : children_) {
    if (c.state == child_state::running
        && (dynamic() || !deferred_exits_.contains(c.instance)))
      ++result.active;
    if (c.spec().type == child_type::supervisor)
      ++result.supervisors;
    else
      ++result.workers;
  }
  return result;
}

std::optional<reply> engine::answer(request_id, get_childspec& body) {
  if (kind_ == kind::simple && body.id == template_->id)
    return *template_;
  auto* c = find(body.id);
  if (c == nullptr)
    return refuse(refusal::not_found);
  return c->spec();
}

} // namespace coppice::supervision
