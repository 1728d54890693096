// SPDX-License-Identifier: BSD-3-Clause

#include "lab/rules.hpp"

#include "lab/time_text.hpp"
#include "observe/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <ranges>

namespace coppice::lab {

using namespace supervision;

namespace {

using rules = std::vector<std::string>;

// -- what holds for a child ---------------------------------------------------

std::string restart_rule(const std::string& id, restart type) {
  switch (type) {
  case restart::permanent:
    return id + " is permanent: it is started again after any end.";
  case restart::transient:
    return id
           + " is transient: it is started again after a crash, but not after "
             "normal, shutdown or {shutdown,…}.";
  case restart::temporary:
    break;
  }
  return id
         + " is temporary: it is never started again, and its specification "
           "goes with it.";
}

std::string stop_rule(const placed_child& it) {
  auto& id = it.id;
  auto how = it.child->spec().effective_shutdown();
  switch (how.kind()) {
  case shutdown::how::brutal_kill:
    return id + " is killed at once.";
  case shutdown::how::timeout:
    return id + " is asked to end, and killed if it is not done after "
           + time_text(how.limit()) + ".";
  case shutdown::how::infinity:
    break;
  }
  return id + " is asked to end, and waited for as long as it takes.";
}

void add_significance(const placed_child& it, rules& out) {
  if (!it.child->spec().significant)
    return;
  auto every
    = it.supervisor->settings().auto_shutdown == auto_shutdown::all_significant;
  out.push_back(it.id + " is significant: if "
                + (every ? "it and all others that are" : "it")
                + " ended without a restart, " + it.supervisor_id
                + " ends, too.");
}

// -- what holds for a supervisor ----------------------------------------------

std::string strategy_rule(const std::string& id, strategy value) {
  switch (value) {
  case strategy::one_for_one:
    return id + " is one_for_one: a restart concerns only the child itself.";
  case strategy::one_for_all:
    return id
           + " is one_for_all: for a restart all others are stopped, the last "
             "one first; then all are started.";
  case strategy::rest_for_one:
    return id
           + " is rest_for_one: for a restart those that were started after "
             "the child are stopped; then it and they are started.";
  case strategy::simple_one_for_one:
    break;
  }
  return id
         + " is simple_one_for_one: all children are of one template, and a "
           "restart concerns only the child itself.";
}

std::string allowed(std::int64_t intensity, std::chrono::seconds period,
                    std::size_t used) {
  return std::to_string(intensity) + (intensity == 1 ? " restart" : " restarts")
         + " within " + time_text(period) + " and has used "
         + std::to_string(used);
}

std::string budget_of(const std::string& id, const engine& machine,
                      time_point now) {
  auto& settings = machine.settings();
  return id + " allows "
         + allowed(settings.intensity, settings.period,
                   machine.window().used(now));
}

std::string own_budget_rule(const std::string& id, const restart_window& own,
                            time_point now) {
  auto budget = own_budget_of(own, now);
  return id + " has a budget of its own: it may have "
         + allowed(budget.intensity, budget.period, budget.used)
         + "; if it needs one more, it stays down until there is room.";
}

bool is_full(const engine& machine, time_point now) {
  return machine.window().used(now)
         >= static_cast<std::size_t>(machine.settings().intensity);
}

// -- what happens to a child that ends ----------------------------------------

bool may_fail_to_start(const child_def& def) {
  return std::ranges::any_of(def.starts, [](const start_plan& each) {
    return !runs(each) && !ignores(each);
  });
}

// Of the supervisor, and of those above as far as a failure would climb.
void add_ending(const engine_world& world, const std::string& id, rules& out) {
  auto it = world.find_child(id);
  if (!it)
    return;
  auto type = it->child->spec().restart;
  out.push_back(restart_rule(id, type));
  add_significance(*it, out);
  if (type == restart::temporary)
    return;
  auto& machine = *it->supervisor;
  out.push_back(strategy_rule(it->supervisor_id, machine.settings().strategy));
  if (it->own_budget != nullptr) {
    out.push_back(own_budget_rule(id, *it->own_budget, world.now()));
    return;
  }
  out.push_back(budget_of(it->supervisor_id, machine, world.now())
                + "; if it needs one more, it gives up.");
  if (may_fail_to_start(*it->def))
    out.push_back("If a start fails, it is tried again, and each attempt is "
                  "one more restart.");
  if (!is_full(machine, world.now()))
    return;
  out.push_back("A supervisor that gives up stops its children and ends with "
                "shutdown.");
  if (world.find_child(it->supervisor_id))
    add_ending(world, it->supervisor_id, out);
  else
    out.push_back("There is nobody above " + it->supervisor_id + ".");
}

rules of_a_start(const supervisor_def& top) {
  if (top.dynamic())
    return {"A simple_one_for_one supervisor starts without children; they "
            "come when somebody asks for them."};
  return {"Children are started one after the other, in the order in which "
          "they are written.",
          "If one cannot start, those that run are stopped, the last one "
          "first; then the start fails."};
}

rules of_stopping(const engine_world& world, const std::string& sup) {
  rules result{"A supervisor stops its children before it ends, the last one "
               "first, each in its own way."};
  auto children = world.children_of(sup);
  for (auto& each : children | std::views::reverse)
    result.push_back(stop_rule(each));
  return result;
}

rules of_budgets(const engine_world& world) {
  rules result{"A restart counts against the budget until it is older than the "
               "period."};
  for (auto& [id, machine] : world.supervisors())
    result.push_back(budget_of(id, *machine, world.now()) + ".");
  return result;
}

std::string shutdown_of(const engine_world& world, const std::string& id) {
  auto it = world.find_child(id);
  return it ? stop_rule(*it) : id + " does not run.";
}

constexpr auto what_runs = "What runs then?";
constexpr auto the_answer = "What is the answer?";

} // namespace

riddle riddle_of(const engine_world& world, const step& what) {
  auto& sup = what.sup.empty() ? world.plan().top.id : what.sup;
  switch (what.what) {
  case op::start:
    return {of_a_start(world.plan().top), what_runs};
  case op::exit:
  case op::exit_later:
  case op::kill: {
    rules result;
    add_ending(world, what.child, result);
    return {result, "Which children are started again?"};
  }
  case op::start_child:
    return {{"The new child becomes the last one. A start that somebody asks "
             "for uses no budget, and is not tried again if it fails.",
             "An id can be there once only, unless all children are of one "
             "template."},
            the_answer};
  case op::terminate_child:
    return {{shutdown_of(world, what.child),
             "That is no crash: it uses no budget, and the child stays down "
             "until somebody asks for it."},
            what_runs};
  case op::restart_child:
    return {{"It starts a child that is down; one that runs is left alone.",
             "A start that somebody asks for uses no budget, and is not tried "
             "again if it fails."},
            the_answer};
  case op::delete_child:
    return {{"A specification can be deleted while its child is down, not "
             "while it runs or is about to."},
            the_answer};
  case op::get_childspec:
  case op::which_children:
  case op::which_child:
  case op::count_children:
    return {{"A supervisor serves one message after the other, and none while "
             "it starts or stops a child.",
             "It lists its children the last one first."},
            the_answer};
  case op::probe_alive:
    return {{"A child that was started again is another process than before."},
            the_answer};
  case op::parent_signal:
  case op::parent_exit:
  case op::stop:
    return {of_stopping(world, sup),
            "In which order do they end, and when is it over?"};
  case op::exit_signal:
    return {{"A supervisor traps exits. A signal of a stranger does not end "
             "it, unless that kills it."},
            "What does " + sup + " do?"};
  case op::info:
  case op::cast:
  case op::rawcall:
    return {
      {"A supervisor reports a message that it does not know, and goes on."},
      "What does " + sup + " do?"};
  case op::unlink:
  case op::child_signals_sup:
    return {{"A child of coppice cannot do this."}, "What happens?"};
  case op::sleep_ms:
  case op::advance_ms:
    break;
  }
  return {of_budgets(world), "How much of each budget is used then?"};
}

bool asks_for_children(const step& what) {
  return what.what == op::exit || what.what == op::exit_later
         || what.what == op::kill;
}

std::string rule_lines(const engine_world& world, const step& what) {
  auto [rules, question] = riddle_of(world, what);
  std::string result;
  for (auto& each : rules)
    result += "  " + observe::printable(each) + "\n";
  return result + "  " + observe::printable(question) + "\n";
}

} // namespace coppice::lab
