// SPDX-License-Identifier: BSD-3-Clause

#include "lab/story.hpp"
#include "lab/engine_world.hpp"
#include "lab/rules.hpp"
#include "observe/printable.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace coppice::lab {

namespace {

std::string text(const trace_event& ev, const char* key) {
  auto i = ev.find(key);
  if (i == ev.end())
    return {};
  return i->is_string() ? i->get<std::string>() : i->dump();
}

// What stands between `begin` and `end` in `text`, if those are its ends.
std::optional<std::string_view>
between(std::string_view begin, std::string_view text, std::string_view end) {
  if (text.size() < begin.size() + end.size() || !text.starts_with(begin)
      || !text.ends_with(end))
    return {};
  text.remove_prefix(begin.size());
  text.remove_suffix(end.size());
  return text;
}

// A child or a number of an answer: `a,'a#2'`, `a,restarting`, `specs,2`.
std::string plain_pair(std::string_view pair) {
  auto comma = pair.find(',');
  auto key = std::string{pair.substr(0, comma)};
  auto value = pair.substr(std::min(comma, pair.size() - 1) + 1);
  if (auto name = between("'", value, "'"))
    return std::string{*name};
  if (value == "undefined")
    return key + " is down";
  return key + (value == "restarting" ? " is " : " ") + std::string{value};
}

// An answer that Erlang prints as a term, in words where it has few.
std::string plain(const std::string& term) {
  if (auto name = between("{ok,'", term, "'}"))
    return "ok, " + std::string{*name};
  if (term == "{ok,undefined}")
    return "ok, no child";
  if (auto reason = between("{error,", term, "}"))
    return "error: " + std::string{*reason};
  if (term == "[]")
    return "none";
  auto list = between("[{", term, "}]");
  if (!list || list->empty())
    return term;
  std::string result;
  for (auto rest = *list; !rest.empty();) {
    auto end = rest.find("},{");
    result += (result.empty() ? "" : ", ") + plain_pair(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 3);
  }
  return result;
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
         + child(ev) + ": " + plain(res);
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
    return "answers " + text(ev, "op") + ": " + plain(text(ev, "res"));
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

tone tone_of(const trace_event& ev) {
  auto kind = text(ev, "e");
  if (kind == "decision")
    return tone::decision;
  if (kind == "start")
    return text(ev, "res") == "ok" || text(ev, "res").starts_with("{ok_extra")
             ? tone::good
             : tone::bad;
  auto gives_up = kind == "report" && text(ev, "kind") == "shutdown";
  return kind == "exit" || kind == "gen_server_terminate" || gives_up
           ? tone::bad
           : tone::plain;
}

} // namespace

std::string no_paint(tone, const std::string& text) {
  return text;
}

std::string tell(const trace_event& what) {
  return actor(what) + " " + tell_of_supervisor(what);
}

std::string_view to_string(tone value) {
  switch (value) {
  case tone::plain:
    return "plain";
  case tone::good:
    return "good";
  case tone::decision:
    return "decision";
  case tone::bad:
    break;
  }
  return "bad";
}

std::vector<story_line> told(const std::vector<moment>& moments,
                             std::size_t step) {
  std::vector<story_line> result;
  for (auto& [at, number, what] : moments)
    if (number == step && what["e"] != "sup_exit" && what["e"] != "sup_alive")
      result.push_back({at, tone_of(what), observe::printable(tell(what))});
  return result;
}

std::string lines_of(const std::vector<moment>& moments, std::size_t step,
                     painter paint) {
  std::string result;
  for (auto& [at, tone, text] : told(moments, step))
    result
      += "  " + std::to_string(at.count()) + " ms  " + paint(tone, text) + "\n";
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

std::string story(const scenario& plan, const std::vector<moment>& moments,
                  painter paint) {
  auto result = title_of(plan);
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    result += "\n" + std::to_string(i + 1) + ". "
              + observe::printable(describe(plan.steps[i])) + "\n"
              + lines_of(moments, i + 1, paint);
  return result + "\n" + ending_of(moments) + "\n";
}

std::string explain(const scenario& plan) {
  auto result = title_of(plan);
  engine_world world{std::make_shared<const scenario>(plan)};
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    result += "\n" + std::to_string(i + 1) + ". "
              + observe::printable(describe(plan.steps[i])) + "\n"
              + rule_lines(world, plan.steps[i]);
    world.play(plan.steps[i]);
  }
  return result;
}

} // namespace coppice::lab
