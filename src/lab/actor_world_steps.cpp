// SPDX-License-Identifier: BSD-3-Clause

#include "lab/actor_world_impl.hpp"

#include "actor/messages.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/request.hpp"
#include "lab/lab_worker.hpp"

#include <variant>

namespace coppice::lab {

using namespace supervision;

// -- requests -----------------------------------------------------------------

void actor_world::impl::ask(const step& what, bool during) {
  auto* to = find_supervisor(what.sup);
  if (to == nullptr || actor::has_ended(to->handle)) {
    if (!during)
      note(event::reply("$driver", to_string(what.what), "{'EXIT',noproc}"));
    return;
  }
  // No supervisor has an answer to that: it is only a message.
  if (what.what == op::rawcall) {
    tell_supervisor(what);
    return;
  }
  if (what.what == op::stop) {
    stop(to->handle, what, during);
    return;
  }
  auto& record = part_of(to->handle).record;
  record.ask(question_of(what, record));
  if (what.by_pid)
    send_request_by_handle(what, to->handle);
  else
    send_request(what, to->handle);
}

// Nobody waits for what a start function asks for.
void actor_world::impl::stop(const caf::actor& who, const step& what,
                             bool during) {
  auto answer = actor::stop(who, what.reason);
  if (during)
    return;
  answer.then([this, reason = what.reason](
                const actor::answer<supervision::done>& result) {
    note(event::stop_reply(reason, result ? reason : *result.error().reason));
  });
}

// The answers are seen by the tap, in the order in which they are given.
void actor_world::impl::send_request(const step& what, const caf::actor& to) {
  switch (what.what) {
  case op::start_child:
    if (what.spec)
      actor::start_child(to, make_spec(what.spec));
    else
      actor::start_child(to);
    break;
  case op::terminate_child:
    actor::terminate_child(to, what.child);
    break;
  case op::restart_child:
    actor::restart_child(to, what.child);
    break;
  case op::delete_child:
    actor::delete_child(to, what.child);
    break;
  case op::get_childspec:
    actor::get_childspec(to, what.child);
    break;
  case op::which_child:
    actor::which_child(to, what.child);
    break;
  case op::count_children:
    actor::count_children(to);
    break;
  default:
    actor::which_children(to);
  }
}

void actor_world::impl::send_request_by_handle(const step& what,
                                               const caf::actor& to) {
  auto* who = find(what.child, what.n);
  auto child = who == nullptr ? caf::actor{} : who->handle;
  switch (what.what) {
  case op::restart_child:
    actor::restart_child(to, "");
    break;
  case op::delete_child:
    actor::delete_child(to, "");
    break;
  case op::get_childspec:
    actor::get_childspec(to, child);
    break;
  case op::which_child:
    actor::which_child(to, child);
    break;
  default:
    actor::terminate_child(to, child);
  }
}

// -- other steps --------------------------------------------------------------

void actor_world::impl::tell_child(const step& what) {
  auto* who = find(what.child, what.n);
  auto alive = who != nullptr && !actor::has_ended(who->handle);
  if (what.what == op::probe_alive) {
    note(event::reply("$driver", "probe_alive", alive ? "true" : "false"));
    return;
  }
  if (!alive)
    return;
  if (what.what == op::kill)
    kill(*who);
  else if (!who->supervisor && what.what == op::exit_later)
    time_.after(what.time, [child = who->handle, reason = what.reason] {
      tell_to_end(child, reason);
    });
  else if (!who->supervisor)
    tell_to_end(who->handle, what.reason);
}

void actor_world::impl::tell_supervisor(const step& what) {
  auto* who = find_supervisor(what.sup);
  if (who == nullptr || actor::has_ended(who->handle))
    return;
  auto& record = part_of(who->handle).record;
  auto lethal
    = to_string(what.reason) == "kill" && what.what != op::parent_exit;
  if (what.what == op::parent_signal)
    note(event::signal("$parent", record.name, to_string(what.reason)));
  if (!what.msg.empty()) {
    actor::deliver(who->handle, std::string{what.msg});
  } else if (lethal) {
    kill(*who);
  } else if (what.what == op::exit_signal) {
    record.strangers.emplace_back();
    actor::signal_trapped_exit(who->handle, what.reason, nullptr);
  } else {
    actor::deliver(who->handle, actor::stop_message{what.reason});
  }
}

// A supervisor that is at work sees the kill when it is done; a process would
// be dead at once. If it was starting, its start has failed.
void actor_world::impl::kill(const entity& who) {
  actor::signal_kill(who.handle);
  if (!who.supervisor)
    return;
  auto& sup = part_of(who.handle);
  if (!std::exchange(sup.killed, true) && !sup.record.up)
    supervisor_stopped(sup, exit_reason::killed());
}

// -- names --------------------------------------------------------------------

const actor_world::impl::entity* actor_world::impl::find(const std::string& id,
                                                         std::size_t n) const {
  auto known = by_name_.find(id);
  if (known == by_name_.end() || known->second.empty())
    return nullptr;
  if (n == 0)
    return &known->second.rbegin()->second;
  auto i = known->second.find(n);
  return i == known->second.end() ? nullptr : &i->second;
}

const actor_world::impl::entity*
actor_world::impl::find_supervisor(const std::string& id) const {
  auto* who = find(id.empty() ? plan_->top.id : id, 0);
  return who != nullptr && who->supervisor ? who : nullptr;
}

actor_world::impl::supervisor_part&
actor_world::impl::part_of(const caf::actor& sup) {
  return supervisors_.at(sup->id());
}

} // namespace coppice::lab
