// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/tree_root.hpp"

#include "actor/directory.hpp"
#include "actor/messages.hpp"
#include "actor/supervisor.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "observe/blame.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>
#include <vector>

namespace coppice::actor {

using namespace supervision;

namespace {

// In virtual time nobody but us runs the actors. Returns whether it is there:
// not if nothing happens any more there.
template <class T>
bool is_there(const std::future<T>& what, virtual_time* time) {
  if (time == nullptr) {
    what.wait();
    return true;
  }
  auto ready = [&] {
    return what.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  };
  do {
    time->run();
  } while (!ready() && time->step());
  return ready();
}

void wait_for_end(const caf::actor& handle, virtual_time* time) {
  auto ended = std::make_shared<std::promise<void>>();
  when_ended(handle, [ended](const caf::error&) { ended->set_value(); });
  (void)is_there(ended->get_future(), time);
}

// What did not start may be started again.
void undo_start(runtime& rt, const caf::actor& handle, const std::string& id) {
  wait_for_end(handle, rt.time);
  rt.tree.remove(id, 0);
  rt.directory.give_up(id);
}

// Other trees may live in the same runtime.
std::vector<std::string> only_below(const std::string& root,
                                    std::vector<std::string> paths) {
  std::erase_if(paths, [&](const std::string& path) {
    return path != root && !path.starts_with(root + "/");
  });
  return paths;
}

} // namespace

tree_root::tree_root(runtime_ptr rt, caf::actor handle, std::string path)
    : rt_(std::move(rt)), handle_(std::move(handle)), path_(std::move(path)) {
  // nop
}

tree_root::result tree_root::start(runtime_ptr rt, std::string id,
                                   flags settings,
                                   std::vector<child_spec> children,
                                   std::stop_token call_off) {
  auto initialized = std::make_shared<std::promise<start_outcome>>();
  auto outcome = initialized->get_future();
  supervisor_setup setup{id, settings, std::move(children)};
  setup.initialized = [initialized](start_outcome what) {
    initialized->set_value(std::move(what));
  };
  if (auto checked = validate(setup); !checked)
    return unexpected{
      start_error{checked.error().message, std::move(checked.error())}};
  if (auto reserved = rt->directory.reserve(id); !reserved)
    return unexpected{
      start_error{"already_started", {}, std::move(reserved.error())}};
  rt->tree.add({}, id, child_type::supervisor, {}, 0);
  auto handle = rt->system.spawn<supervisor>(rt, std::move(setup));
  std::stop_callback calling_off{
    std::move(call_off),
    [handle] { deliver(handle, stop_message{exit_reason::shutdown()}); }};
  if (!is_there(outcome, rt->time)) {
    signal_kill(handle);
    undo_start(*rt, handle, id);
    return unexpected{start_error{"it is not up, and nothing more happens"}};
  }
  auto result = outcome.get();
  if (auto* failed = std::get_if<start_failed>(&result)) {
    undo_start(*rt, handle, id);
    return unexpected{start_error{to_string(failed->reason)}};
  }
  rt->tree.set_state(id, observe::node_state::running, 0);
  rt->directory.put(id, handle, child_type::supervisor);
  return std::make_unique<tree_root>(std::move(rt), std::move(handle),
                                     std::move(id));
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
  return only_below(path_, rt_->directory.leaves());
}

std::vector<std::string> tree_root::left_behind() const {
  return only_below(path_, rt_->directory.abandoned());
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
