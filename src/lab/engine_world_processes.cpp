#include "coppice/lab/engine_world.hpp"
#include "validity.hpp"

#include <vector>

namespace coppice::lab {

using namespace supervision;

namespace {

// What a supervisor makes of the answer of a start function.
// Source: OTP supervisor.
exit_reason failure(const start_plan& plan) {
  switch (plan.what) {
  case start_plan::result::exit:
    return exit_reason::parse("{'EXIT'," + plan.term + "}");
  case start_plan::result::raise:
    return exit_reason::parse("{'EXIT',{" + plan.term + ",'$stack'}}");
  case start_plan::result::ok:
  case start_plan::result::ok_info:
  case start_plan::result::ignore:
  case start_plan::result::error:
  case start_plan::result::thrown:
  case start_plan::result::value:
  case start_plan::result::init_exit:
    break;
  }
  return exit_reason::parse(plan.term);
}

std::string answer(const start_plan& plan) {
  switch (plan.what) {
  case start_plan::result::ok:
    return "ok";
  case start_plan::result::ok_info:
    return "{ok_extra," + plan.term + "}";
  case start_plan::result::ignore:
    return "ignore";
  case start_plan::result::error:
  case start_plan::result::init_exit:
    return "{error," + plan.term + "}";
  case start_plan::result::exit:
    return "{raised,exit," + plan.term + "}";
  case start_plan::result::thrown:
    return "{raised,throw," + plan.term + "}";
  case start_plan::result::raise:
    return "{raised,error," + plan.term + "}";
  case start_plan::result::value:
    return "{value," + plan.term + "}";
  }
  return {};
}

bool runs(const start_plan& plan) {
  return plan.what == start_plan::result::ok
         || plan.what == start_plan::result::ok_info;
}

} // namespace

// -- starting -----------------------------------------------------------------

void engine_world::start_child(process_id sup, const start_instance& cmd) {
  auto& part = *processes_.at(sup).sup;
  if (cmd.origin != 0)
    if (auto& added = pending_.at(cmd.origin).added)
      part.slots.try_emplace(cmd.key, *added);
  auto what = part.slots.at(cmd.key);
  instance who{{what.name, ++attempts_[what.name]}};
  auto& plan = what.def->plan(who.name.n);
  if (what.def->nested)
    note(event::start_begin(processes_.at(sup).name.id, who.name));
  for (auto& next : plan.during)
    perform(next, true);
  if (!runs(plan))
    start_fails(sup, who, cmd.instance, plan);
  else if (what.def->nested)
    start_nested(sup, what, who, cmd.instance, plan);
  else
    start_worker(sup, what, who, cmd.instance, plan);
}

void engine_world::start_worker(process_id sup, const slot& what,
                                const instance& who, instance_id id,
                                const start_plan& plan) {
  auto child = spawn(who.name, sup, id);
  processes_.at(child).def = what.def;
  start_returns(sup, who.name, id, answer(plan), started{plan.term});
}

void engine_world::start_nested(process_id sup, const slot& what,
                                const instance& who, instance_id id,
                                const start_plan& plan) {
  auto& def = what.def->nested;
  if (def->init_ignores) {
    start_returns(sup, who.name, id, "ignore", ignored{});
    return;
  }
  if (auto mistake = mistake_in(*def)) {
    start_returns(sup, who.name, id, "{error," + *mistake + "}",
                  start_failed{exit_reason::parse(*mistake)});
    return;
  }
  auto child = spawn(who.name, sup, id);
  start_supervisor(child, def);
  processes_.at(child).sup->info = plan.term;
}

void engine_world::start_fails(process_id sup, const instance& who,
                               instance_id id, const start_plan& plan) {
  if (plan.what == start_plan::result::ignore) {
    start_returns(sup, who.name, id, answer(plan), ignored{});
    return;
  }
  start_returns(sup, who.name, id, answer(plan), start_failed{failure(plan)});
  if (plan.what != start_plan::result::init_exit)
    return;
  processes_.at(spawn(who.name, sup, id)).alive = false;
  queue_.push_back(mail{sup, child_exited{id, failure(plan)}});
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
  std::map<child_key, slot> slots;
  for (auto& child : def->children) {
    specs.push_back(child.spec);
    slots[specs.size()]
      = {std::shared_ptr<const child_def>{def, &child}, child.spec.id};
  }
  engine machine{def->flags, std::move(specs)};
  auto& p = processes_.at(who);
  p.sup = supervisor_part{
    std::move(def), std::move(machine), std::move(slots), {}, {}, {}};
  queue_.push_back(mail{who, begin{}});
}

void engine_world::supervisor_up(process_id who) {
  auto& p = processes_.at(who);
  p.sup->up = true;
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
  if (p.sup->up) {
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
  if (parent != 0)
    processes_.at(parent).sup->instances.emplace(id, instance{name, who});
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
  die(who, exit_reason::killed());
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
  if (p.parent == 0)
    top_reason_ = reason;
  else if (living(p.parent) != nullptr)
    queue_.push_back(mail{p.parent, child_exited{p.instance, reason}});
}

} // namespace coppice::lab
