// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"
#include "lab/validity.hpp"

namespace coppice::lab {

using namespace supervision;

namespace {

// An id that no specification has: stands for a process where one is no use.
constexpr auto no_id = "$pid";

} // namespace

void engine_world::start_top() {
  auto& def = plan_->top;
  auto name = chronicle_.next(def.id);
  note(event::start_begin("$parent", name));
  auto refuse = [&](const std::string& res) {
    note(event::start("$parent", name, res));
    note(event::reply("$driver", "start", res));
  };
  if (auto checked = check(def); !checked) {
    refuse("{error," + checked.error() + "}");
  } else if (def.init_ignores) {
    refuse("ignore");
  } else {
    top_reason_.reset();
    start_supervisor(spawn(name, 0, 0),
                     std::shared_ptr<const supervisor_def>{plan_, &def});
  }
}

// -- requests -----------------------------------------------------------------

void engine_world::ask(const step& what, bool during) {
  auto to = find_supervisor(what.sup);
  if (living(to) == nullptr) {
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
    stop(to, what, during);
    return;
  }
  auto& record = processes_.at(to).sup->record;
  auto id = record.ask(question_of(what, record));
  queue_.push_back(mail{to, supervision::request{id, body_of(what, to)}});
}

// Nobody waits for what a start function asks for.
void engine_world::stop(process_id who, const step& what, bool during) {
  if (!during)
    processes_.at(who).sup->awaited = what.reason;
  queue_.push_back(mail{who, parent_exited{what.reason}});
}

request_body engine_world::body_of(const step& what, process_id to) const {
  if (what.by_pid)
    return about_process(what, to);
  switch (what.what) {
  case op::start_child:
    if (what.spec)
      return supervision::start_child{what.spec->spec};
    return start_dynamic_child{};
  case op::terminate_child:
    return supervision::terminate_child{what.child};
  case op::restart_child:
    return supervision::restart_child{what.child};
  case op::delete_child:
    return supervision::delete_child{what.child};
  case op::get_childspec:
    return supervision::get_childspec{what.child};
  case op::which_child:
    return supervision::which_child{what.child};
  case op::count_children:
    return supervision::count_children{};
  default:
    return supervision::which_children{};
  }
}

// Source: OTP supervisor.
request_body engine_world::about_process(const step& what,
                                         process_id to) const {
  auto& def = *processes_.at(to).sup->record.def;
  auto who = processes_.find(find(what.child, what.n));
  auto alive = who != processes_.end() && who->second.alive;
  auto own = who != processes_.end() && who->second.parent == to;
  if (what.what == op::restart_child)
    return supervision::restart_child{no_id};
  if (what.what == op::delete_child)
    return supervision::delete_child{no_id};
  if (what.what == op::get_childspec)
    return supervision::get_childspec{
      def.dynamic() && (own || !alive) ? def.children.front().spec.id : no_id};
  if (what.what == op::which_child)
    return which_dynamic_child{own ? who->second.instance : 0};
  if (!def.dynamic())
    return supervision::terminate_child{no_id};
  return terminate_dynamic_child{own ? who->second.instance : 0, alive};
}

// -- other steps --------------------------------------------------------------

void engine_world::tell_child(const step& what) {
  auto who = find(what.child, what.n);
  auto* p = living(who);
  if (what.what == op::probe_alive)
    note(
      event::reply("$driver", "probe_alive", p == nullptr ? "false" : "true"));
  else if (p != nullptr && what.what == op::kill)
    signal(who, supervision::signal::kill);
  else if (p != nullptr && !p->sup && what.what == op::exit_later)
    after(what.time, who, what.reason);
  else if (p != nullptr && !p->sup)
    die(who, what.reason);
}

void engine_world::tell_supervisor(const step& what) {
  auto who = find_supervisor(what.sup);
  auto* p = living(who);
  if (p == nullptr)
    return;
  auto lethal
    = to_string(what.reason) == "kill" && what.what != op::parent_exit;
  if (what.what == op::parent_signal)
    note(event::signal("$parent", p->name, to_string(what.reason)));
  if (!what.msg.empty()) {
    note(event::unexpected(p->name.id, what.msg));
    note(event::log_error(p->name.id, "Supervisor received unexpected message: "
                                        + what.msg));
  } else if (lethal) {
    kill_supervisor(who);
  } else if (what.what == op::exit_signal) {
    queue_.push_back(mail{who, child_exited{++last_stranger_, what.reason}});
  } else {
    queue_.push_back(mail{who, parent_exited{what.reason}});
  }
}

// -- names --------------------------------------------------------------------

engine_world::process_id engine_world::find(const std::string& id,
                                            std::size_t n) const {
  auto known = by_name_.find(id);
  if (known == by_name_.end() || known->second.empty())
    return 0;
  if (n == 0)
    return known->second.rbegin()->second;
  auto i = known->second.find(n);
  return i == known->second.end() ? 0 : i->second;
}

engine_world::process_id
engine_world::find_supervisor(const std::string& id) const {
  auto who = find(id.empty() ? plan_->top.id : id, 0);
  return who != 0 && processes_.at(who).sup ? who : 0;
}

engine_world::process* engine_world::living(process_id who) {
  auto i = processes_.find(who);
  return i == processes_.end() || !i->second.alive ? nullptr : &i->second;
}

} // namespace coppice::lab
