// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/engine.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace coppice::supervision {

namespace {

// Whether a child that was asked to stop ended as it should.
// Source: OTP supervisor; Elixir DynamicSupervisor.
bool ended_well(const child_spec& spec, const exit_reason& reason,
                bool elixir) {
  auto permanent = spec.restart == restart::permanent;
  auto brutal = spec.effective_shutdown().kind() == shutdown::how::brutal_kill;
  if (elixir && brutal)
    return reason.what() == exit_reason::kind::killed;
  switch (reason.what()) {
  case exit_reason::kind::killed:
    return brutal;
  case exit_reason::kind::shutdown:
    return !permanent || elixir || (reason.plain_shutdown() && !brutal);
  case exit_reason::kind::normal:
    return !permanent;
  case exit_reason::kind::abnormal:
    return false;
  }
  return false;
}

} // namespace

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
  auto how = c.spec().effective_shutdown();
  auto brutal = how.kind() == shutdown::how::brutal_kill;
  emit(send_signal{key, c.instance, brutal ? signal::kill : signal::shutdown});
  if (auto gone = deferred_exits_.extract(c.instance)) {
    on_down(key, c.instance, gone.mapped());
    return;
  }
  end_watch(c.instance);
  waiting_for_down state{key, c.instance, 0, brutal};
  if (brutal && flags_.kill_grace)
    state.timer = arm(*flags_.kill_grace);
  else if (how.kind() == shutdown::how::timeout && how.limit().count() == 0)
    kill_slow(state);
  else if (how.kind() == shutdown::how::timeout)
    state.timer = arm(how.limit());
  waiting_ = state;
}

void engine::on_down(child_key key, instance_id instance,
                     const exit_reason& reason) {
  waiting_ = std::monostate{};
  emit(child_down{key, instance, reason});
  auto& c = children_.at(key);
  if (!ended_well(c.spec(), reason, kind_ == kind::dynamic))
    report_on(report_context::shutdown_error, key, c, reason);
  mark_down(key);
}

engine::waiting_for_all::entry*
engine::waiting_for_all::find(instance_id instance) {
  auto i = std::lower_bound(
    all.begin(), all.end(), instance,
    [](const entry& x, instance_id value) { return x.instance < value; });
  return i == all.end() || i->instance != instance || i->down ? nullptr : &*i;
}

// Children of simple_one_for_one and dynamic supervisors end in parallel.
// Source: OTP supervisor: one timer; Elixir DynamicSupervisor: one timer for
// each different shutdown.
void engine::stop_all_dynamic() {
  waiting_for_all state{};
  std::map<std::chrono::milliseconds, std::vector<std::size_t>> limits;
  for (auto& [key, c] : children_) {
    if (c.state != child_state::running)
      continue;
    auto how = c.spec().effective_shutdown();
    auto brutal = how.kind() == shutdown::how::brutal_kill;
    emit(
      send_signal{key, c.instance, brutal ? signal::kill : signal::shutdown});
    if (brutal && flags_.kill_grace)
      limits[*flags_.kill_grace].push_back(state.all.size());
    if (how.kind() == shutdown::how::timeout)
      limits[how.limit()].push_back(state.all.size());
    state.all.push_back({c.instance, key, 0, brutal});
    end_watch(c.instance);
  }
  state.left = state.all.size();
  for (auto& [limit, places] : limits) {
    auto timer = arm(limit);
    for (auto place : places)
      state.all[place].timer = timer;
  }
  std::sort(state.all.begin(), state.all.end(),
            [](auto& a, auto& b) { return a.instance < b.instance; });
  std::vector<std::pair<instance_id, exit_reason>> gone;
  for (auto& [instance, reason] : deferred_exits_)
    if (state.find(instance) != nullptr)
      gone.emplace_back(instance, reason);
  std::sort(gone.begin(), gone.end(),
            [](auto& a, auto& b) { return a.first < b.first; });
  waiting_ = std::move(state);
  if (std::get<waiting_for_all>(waiting_).left == 0)
    finish_dynamic_stop();
  for (auto& [instance, reason] : gone) {
    deferred_exits_.erase(instance);
    on_dynamic_down(instance, reason);
  }
}

void engine::on_dynamic_down(instance_id instance, const exit_reason& reason) {
  auto& all = std::get<waiting_for_all>(waiting_);
  auto& entry = *all.find(instance);
  entry.down = true;
  --all.left;
  auto key = entry.key;
  emit(child_down{key, instance, reason});
  auto& c = children_.at(key);
  if (!ended_well(c.spec(), reason, kind_ == kind::dynamic)) {
    if (kind_ == kind::dynamic)
      report_on(report_context::shutdown_error, key, c, reason);
    else
      ++all.errors.try_emplace(to_string(reason), reason, 0)
          .first->second.second;
  }
  if (all.left == 0)
    finish_dynamic_stop();
}

void engine::finish_dynamic_stop() {
  auto errors = std::move(std::get<waiting_for_all>(waiting_).errors);
  for (auto& [_, error] : errors)
    emit(report{
      report_context::shutdown_error, 1, template_->id, template_->restart,
      offender{child_state::running, 0, error.second}, error.first, template_});
  waiting_ = std::monostate{};
  while (!children_.empty())
    remove(children_.begin()->first);
}

} // namespace coppice::supervision
