// SPDX-License-Identifier: BSD-3-Clause

#include "lab/story.hpp"
#include "lab/engine_world.hpp"
#include "observe/printable.hpp"

namespace coppice::lab {

namespace {

std::string text(const trace_event& ev, const char* key) {
  auto i = ev.find(key);
  if (i == ev.end())
    return {};
  return i->is_string() ? i->get<std::string>() : i->dump();
}

std::string child(const trace_event& ev) {
  return text(ev, "id") + "#" + text(ev, "n");
}

std::string why_those(const std::string& strategy) {
  if (strategy == "one_for_all")
    return "one_for_all: all children go together";
  if (strategy == "rest_for_one")
    return "rest_for_one: it and those started after it";
  return strategy + ": only the one that ended";
}

std::string tell_decision(const trace_event& ev) {
  std::string affected;
  for (auto& id : ev["affected"])
    affected += (affected.empty() ? "" : ", ") + id.get<std::string>();
  auto reason = text(ev, "reason");
  auto cause = reason.empty()
                 ? "the last attempt to start " + text(ev, "id") + " failed"
                 : text(ev, "id") + " ended with " + reason;
  auto budget = "restart " + text(ev, "used") + " of " + text(ev, "intensity")
                + " within " + text(ev, "period") + " s";
  auto when = std::string{};
  if (ev.contains("own_used")) {
    budget = "restart " + text(ev, "own_used") + " of the child's own "
             + text(ev, "own_intensity") + " within " + text(ev, "own_period")
             + " s";
    if (ev["delay_ms"] != 0)
      when = " in " + text(ev, "delay_ms") + " ms, when there is room,";
  }
  return "starts again:" + when + " " + affected + ", because " + cause + " ("
         + why_those(text(ev, "strategy")) + "); " + budget;
}

std::string tell_report(const trace_event& ev) {
  if (text(ev, "kind") == "shutdown")
    return "gives up: too many restarts, the last one of " + text(ev, "id");
  return "reports " + text(ev, "kind") + " of " + text(ev, "id") + ": "
         + text(ev, "reason");
}

std::string tell_start(const trace_event& ev) {
  auto res = text(ev, "res");
  if (res == "ok")
    return "starts " + child(ev);
  if (res == "ignore")
    return "starts " + child(ev) + ", which declines";
  return (res.starts_with("{ok_extra") ? "starts " : "fails to start ")
         + child(ev) + ": " + res;
}

std::string tell_of_supervisor(const trace_event& ev) {
  auto kind = text(ev, "e");
  if (kind == "start_begin")
    return "begins to start supervisor " + child(ev);
  if (kind == "start")
    return tell_start(ev);
  if (kind == "exit")
    return text(ev, "n") == "0"
             ? "ignores the exit of a stranger: " + text(ev, "reason")
             : "sees that " + child(ev) + " ended: " + text(ev, "reason");
  if (kind == "signal")
    return "sends " + text(ev, "sig") + " to " + child(ev);
  if (kind == "down")
    return "sees " + child(ev) + " go down: " + text(ev, "reason");
  if (kind == "report")
    return tell_report(ev);
  if (kind == "retry")
    return "takes the retry of " + text(ev, "id") + " from its mailbox";
  if (kind == "reply")
    return "answers " + text(ev, "op") + ": " + text(ev, "res");
  if (kind == "decision")
    return tell_decision(ev);
  if (kind == "gen_server_terminate")
    return "ends with a crash report: " + text(ev, "reason");
  return kind + " " + text(ev, "msg") + text(ev, "text");
}

// A process, in words.
std::string actor(const trace_event& ev) {
  auto name = text(ev, "sup");
  if (name == "$parent")
    return "the parent";
  return name == "$driver" ? "the lab" : name;
}

} // namespace

std::string tell(const trace_event& what) {
  return actor(what) + " " + tell_of_supervisor(what);
}

std::string lines_of(const std::vector<moment>& moments, std::size_t first,
                     std::size_t step) {
  std::string result;
  for (auto i = first; i < moments.size(); ++i)
    if (moments[i].step == step && moments[i].what["e"] != "sup_exit"
        && moments[i].what["e"] != "sup_alive")
      result += "  " + std::to_string(moments[i].at.count()) + " ms  "
                + observe::printable(tell(moments[i].what)) + "\n";
  return result.empty() ? "  nothing happens\n" : result;
}

std::string title_of(const scenario& plan) {
  return observe::printable(plan.name)
         + (plan.about.empty() ? "" : ": " + observe::printable(plan.about))
         + "\n";
}

std::string ending_of(const std::vector<moment>& moments) {
  auto last = moments.empty() ? trace_event::object() : moments.back().what;
  if (text(last, "e") == "sup_alive")
    return "The tree lives.";
  if (text(last, "e") == "sup_exit")
    return "The tree has ended: " + observe::printable(text(last, "reason"));
  return "The tree did not come up.";
}

std::string story(const scenario& plan, const std::vector<moment>& moments) {
  auto result = title_of(plan);
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    result += "\n" + std::to_string(i + 1) + ". "
              + observe::printable(describe(plan.steps[i])) + "\n"
              + lines_of(moments, 0, i + 1);
  return result + "\n" + ending_of(moments) + "\n";
}

std::string explain(const scenario& plan) {
  auto result = title_of(plan);
  engine_world world{std::make_shared<const scenario>(plan)};
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    auto guess = world;
    guess.play(plan.steps[i]);
    auto will = lines_of(guess.moments(), world.moments().size(), i + 1);
    result += "\n" + std::to_string(i + 1) + ". "
              + observe::printable(describe(plan.steps[i])) + " will do this:\n"
              + will;
    world.play(plan.steps[i]);
  }
  return result;
}

} // namespace coppice::lab
