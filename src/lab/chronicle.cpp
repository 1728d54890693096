// SPDX-License-Identifier: BSD-3-Clause

#include "lab/chronicle.hpp"
#include "supervision/overloaded.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace coppice::lab {

using namespace supervision;

namespace {

label name_of(const supervisor_record& sup, instance_id id) {
  auto i = sup.instances.find(id);
  return i == sup.instances.end() ? label{} : i->second;
}

std::string id_of(const supervisor_record& sup, child_key key) {
  auto i = sup.slots.find(key);
  return i == sup.slots.end() ? std::string{} : i->second.name;
}

trace_event answer_event(supervisor_record& sup, const send_reply& cmd) {
  auto question = sup.questions.extract(cmd.id).mapped().what;
  auto text = render(cmd.body, question, [&](instance_id i) {
    auto name = name_of(sup, i);
    return instance_name(name.id, name.n);
  });
  return event::reply(sup.name.id, question.op, text);
}

trace_event exit_event(supervisor_record& sup, const exit_noticed& cmd) {
  sup.last_reason = to_string(cmd.reason);
  auto who = name_of(sup, cmd.instance);
  if (cmd.key == 0 && who.id.empty() && !sup.strangers.empty()) {
    who = std::move(sup.strangers.front());
    sup.strangers.pop_front();
  }
  return event::exit(sup.name.id, who, sup.last_reason);
}

trace_event decision_event(const supervisor_record& sup,
                           const restart_decided& cmd) {
  std::vector<std::string> affected;
  for (auto key : cmd.affected)
    affected.push_back(id_of(sup, key));
  return event::decision(sup.name.id, {id_of(sup, cmd.key), 1}, sup.last_reason,
                         cmd, sup.def->flags, affected);
}

} // namespace

supervisor_record::supervisor_record(label who,
                                     std::shared_ptr<const supervisor_def> what)
    : name(std::move(who)), def(std::move(what)) {
  child_key key = 0;
  for (auto& child : def->children)
    slots[++key]
      = {std::shared_ptr<const child_def>{def, &child}, child.spec.id};
}

request_id supervisor_record::ask(open_question what) {
  questions.emplace(++last_question, std::move(what));
  return last_question;
}

void chronicle::note(time_point now, trace_event what) {
  auto since = std::chrono::duration_cast<std::chrono::milliseconds>(
    now.time_since_epoch());
  moments_.push_back({since, step_, std::move(what)});
}

attempt chronicle::begin(supervisor_record& sup, const start_instance& cmd) {
  if (cmd.origin != 0)
    if (auto& added = sup.questions.at(cmd.origin).added)
      sup.slots.try_emplace(cmd.key, *added);
  auto what = sup.slots.at(cmd.key);
  auto name = next(what.name);
  return {std::move(what), std::move(name)};
}

void chronicle::tell(time_point now, supervisor_record& sup,
                     const command& cmd) {
  auto& id = sup.name.id;
  std::visit(
    overloaded{
      [&](const send_signal& x) {
        auto kill = x.what == supervision::signal::kill;
        note(now, event::signal(id, name_of(sup, x.instance),
                                kill ? "kill" : "shutdown"));
      },
      [&](const send_reply& x) { note(now, answer_event(sup, x)); },
      [&](const exit_noticed& x) { note(now, exit_event(sup, x)); },
      [&](const retry_noticed& x) {
        sup.last_reason.clear();
        note(now, event::retry(id, id_of(sup, x.key)));
      },
      [&](const child_down& x) {
        note(now,
             event::down(id, name_of(sup, x.instance), to_string(x.reason)));
      },
      [&](const restart_decided& x) { note(now, decision_event(sup, x)); },
      [&](const report& x) {
        note(now, event::report(id, x, name_of(sup, x.offender.instance).n));
      },
      [](const auto&) {
        // Not part of a trace.
      },
    },
    cmd);
}

std::string answer_of(const start_plan& plan) {
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

exit_reason failure_of(const start_plan& plan) {
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
  return exit_reason::parse(plan.error.value_or(plan.term));
}

bool runs(const start_plan& plan) {
  return plan.what == start_plan::result::ok
         || plan.what == start_plan::result::ok_info;
}

// No term of a scenario is a process, so that none can be {ok,Pid}.
bool ignores(const start_plan& plan) {
  auto says = plan.what == start_plan::result::thrown
              || plan.what == start_plan::result::value;
  return plan.what == start_plan::result::ignore
         || (says && plan.term == "ignore");
}

open_question question_of(const step& what, const supervisor_record& sup) {
  open_question result{{std::string{to_string(what.what)}, sup.def->dynamic()},
                       {}};
  result.what.flags = sup.def->flags;
  if (what.spec) {
    result.what.spec = what.spec->spec;
    result.added = slot{what.spec, what.child};
  }
  if (what.what == op::start_child && !what.spec && sup.def->dynamic())
    result.added = slot{sup.slots.at(1).def, what.child};
  for (auto& [_, known] : sup.slots)
    if (known.name == what.child)
      result.what.nested = known.def->nested != nullptr;
  return result;
}

} // namespace coppice::lab
