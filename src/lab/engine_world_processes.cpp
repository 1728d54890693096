// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"
#include "lab/validity.hpp"

#include <vector>

namespace coppice::lab {

using namespace supervision;

// -- starting -----------------------------------------------------------------

void engine_world::start_child(process_id sup, const start_instance& cmd) {
  auto& record = processes_.at(sup).sup->record;
  auto what = chronicle_.begin(record, cmd);
  if (what.what.def->nested)
    note(event::start_begin(record.name.id, what.name));
  for (auto& next : what.plan().during)
    perform(*this, next, true);
  if (living(sup) == nullptr)
    return;
  if (!runs(what.plan()))
    start_fails(sup, what, cmd.instance);
  else if (what.what.def->nested)
    start_nested(sup, what, cmd.instance);
  else
    start_worker(sup, what, cmd.instance);
}

void engine_world::start_worker(process_id sup, const attempt& what,
                                instance_id id) {
  auto child = spawn(what.name, sup, id);
  processes_.at(child).def = what.what.def;
  start_returns(sup, what.name, id, answer_of(what.plan()),
                started{what.plan().term});
}

void engine_world::start_nested(process_id sup, const attempt& what,
                                instance_id id) {
  auto& def = what.what.def->nested;
  if (def->init_ignores) {
    start_returns(sup, what.name, id, "ignore", ignored{});
    return;
  }
  if (auto checked = check(*def); !checked) {
    start_returns(sup, what.name, id, "{error," + checked.error() + "}",
                  start_failed{exit_reason::parse(checked.error())});
    return;
  }
  auto child = spawn(what.name, sup, id);
  start_supervisor(child, def);
  processes_.at(child).sup->info = what.plan().term;
}

void engine_world::start_fails(process_id sup, const attempt& what,
                               instance_id id) {
  auto& plan = what.plan();
  if (ignores(plan)) {
    start_returns(sup, what.name, id, answer_of(plan), ignored{});
    return;
  }
  auto reason = failure_of(plan);
  start_returns(sup, what.name, id, answer_of(plan), start_failed{reason});
  if (plan.what != start_plan::result::init_exit)
    return;
  processes_.at(spawn(what.name, sup, id)).alive = false;
  queue_.push_back(mail{sup, child_exited{id, reason}});
}

void engine_world::start_returns(process_id sup, const label& name,
                                 instance_id id, const std::string& res,
                                 start_outcome outcome) {
  if (living(sup) == nullptr)
    return;
  note(event::start(processes_.at(sup).name.id, name, res));
  queue_.push_back(mail{sup, start_returned{id, std::move(outcome)}});
}

void engine_world::start_supervisor(process_id who,
                                    std::shared_ptr<const supervisor_def> def) {
  std::vector<child_spec> specs;
  for (auto& child : def->children)
    specs.push_back(child.spec);
  engine machine{def->flags, std::move(specs)};
  auto& p = processes_.at(who);
  p.sup = supervisor_part{
    supervisor_record{p.name, std::move(def)}, std::move(machine), {}, {}, {}};
  queue_.push_back(mail{who, begin{}});
}

void engine_world::supervisor_up(process_id who) {
  auto& p = processes_.at(who);
  p.sup->record.up = true;
  if (p.parent != 0) {
    auto& info = p.sup->info;
    start_returns(p.parent, p.name, p.instance,
                  info.empty() ? "ok" : "{ok_extra," + info + "}",
                  started{info});
    return;
  }
  note(event::start("$parent", p.name, "ok"));
  note(event::reply("$driver", "start",
                    "{ok," + instance_name(p.name.id, p.name.n) + "}"));
}

void engine_world::supervisor_ended(process_id who, const exit_reason& reason) {
  auto& p = processes_.at(who);
  if (p.sup->record.up) {
    if (!reason.clean())
      note(event::gen_server_terminate(p.name.id, to_string(reason)));
    die(who, reason);
    return;
  }
  p.alive = false;
  auto res = "{error," + to_string(reason) + "}";
  if (p.parent != 0) {
    start_returns(p.parent, p.name, p.instance, res, start_failed{reason});
    return;
  }
  note(event::start("$parent", p.name, res));
  note(event::reply("$driver", "start", res));
}

engine_world::process_id engine_world::spawn(label name, process_id parent,
                                             instance_id id) {
  auto who = ++last_process_;
  by_name_[name.id][name.n] = who;
  if (parent != 0) {
    auto& sup = *processes_.at(parent).sup;
    sup.record.instances.emplace(id, name);
    sup.processes.emplace(id, who);
  }
  process p;
  p.name = std::move(name);
  p.parent = parent;
  p.instance = id;
  processes_.emplace(who, std::move(p));
  return who;
}

// -- ending -------------------------------------------------------------------

void engine_world::signal(process_id who, supervision::signal what) {
  auto* p = living(who);
  if (p == nullptr)
    return;
  if (what == supervision::signal::kill) {
    if (p->sup)
      kill_supervisor(who);
    else
      die(who, exit_reason::killed());
  } else if (p->sup) {
    queue_.push_back(mail{who, parent_exited{exit_reason::shutdown()}});
  } else if (p->def->traps()) {
    queue_.push_back(reaction{who});
  } else {
    die(who, exit_reason::shutdown());
  }
}

// Its children are linked to it: each gets an exit with reason killed.
void engine_world::kill_supervisor(process_id who) {
  if (processes_.at(who).sup->record.up)
    die(who, exit_reason::killed());
  else
    supervisor_ended(who, exit_reason::killed());
  for (auto& [id, p] : processes_) {
    if (p.parent != who || !p.alive)
      continue;
    if (p.sup)
      queue_.push_back(mail{id, parent_exited{exit_reason::killed()}});
    else if (p.def->traps())
      queue_.push_back(reaction{id});
    else
      die(id, exit_reason::killed());
  }
}

void engine_world::die(process_id who, const exit_reason& reason) {
  auto& p = processes_.at(who);
  p.alive = false;
  if (p.sup && p.sup->awaited)
    note(event::stop_reply(*p.sup->awaited, reason));
  if (p.parent == 0)
    top_reason_ = reason;
  else if (living(p.parent) != nullptr)
    queue_.push_back(mail{p.parent, child_exited{p.instance, reason}});
}

} // namespace coppice::lab
