// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/tree_root.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/messages.hpp"
#include "coppice/actor/supervisor.hpp"
#include "coppice/actor/virtual_time.hpp"

#include <future>
#include <utility>

namespace coppice::actor {

using namespace supervision;

namespace {

// In virtual time nobody but us runs the actors.
template <class T>
T wait_for(std::future<T> what, virtual_time* time) {
  if (time != nullptr)
    do {
      time->run();
    } while (what.wait_for(std::chrono::seconds{0}) != std::future_status::ready
             && time->step());
  return what.get();
}

} // namespace

tree_root::tree_root(runtime_ptr rt, caf::actor handle)
    : rt_(std::move(rt)), handle_(std::move(handle)) {
  // nop
}

tree_root::result tree_root::start(runtime_ptr rt, std::string id,
                                   flags settings,
                                   std::vector<child_spec> children) {
  std::promise<start_outcome> initialized;
  supervisor_setup setup{id, settings, std::move(children)};
  setup.initialized
    = [&](start_outcome outcome) { initialized.set_value(std::move(outcome)); };
  if (auto err = validate(setup))
    return {nullptr, err->message, err};
  if (auto other = rt->directory.reserve(id))
    return {nullptr, "already_started", {}, std::move(other)};
  rt->tree.add({}, id, child_type::supervisor, {}, 0);
  std::promise<void> ended;
  auto handle = rt->system.spawn<supervisor>(rt, std::move(setup));
  auto outcome = wait_for(initialized.get_future(), rt->time);
  if (auto* failed = std::get_if<start_failed>(&outcome)) {
    when_ended(handle, [&ended](const caf::error&) { ended.set_value(); });
    wait_for(ended.get_future(), rt->time);
    rt->directory.give_up(id);
    return {nullptr, to_string(failed->reason)};
  }
  rt->tree.set_state(id, observe::node_state::running, 0);
  rt->directory.put(id, handle, child_type::supervisor);
  return {std::make_unique<tree_root>(std::move(rt), std::move(handle)), {}};
}

void tree_root::stop(const exit_reason& reason) {
  deliver(handle_, stop_message{reason});
}

void tree_root::on_end(std::function<void(exit_reason)> fn) {
  when_ended(handle_, [fn = std::move(fn)](const caf::error& err) {
    fn(to_reason(err));
  });
}

std::vector<std::string> tree_root::still_there() const {
  return rt_->directory.leaves();
}

std::vector<std::string> tree_root::left_behind() const {
  return rt_->directory.abandoned();
}

void tell_who_asks(runtime& rt, std::string_view path,
                   const std::optional<exit_reason>& reason,
                   std::string_view on_behalf) {
  if (on_behalf.empty())
    return;
  auto seq = rt.events.publish(
    {.kind = observe::event_kind::exit_requested,
     .path = std::string{path},
     .reason = to_string(reason.value_or(exit_reason::killed())),
     .detail = std::string{on_behalf}});
  rt.blame.put(path, seq);
}

bool crash(runtime& rt, std::string_view path,
           const std::optional<exit_reason>& reason,
           std::string_view on_behalf) {
  auto found = rt.directory.find(path);
  if (!found)
    return false;
  tell_who_asks(rt, path, reason, on_behalf);
  if (!reason)
    signal_kill(found->handle);
  else if (found->type == child_type::supervisor)
    deliver(found->handle, stop_message{*reason});
  else
    signal_exit(found->handle, *reason);
  return true;
}

} // namespace coppice::actor
