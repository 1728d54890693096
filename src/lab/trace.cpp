// SPDX-License-Identifier: BSD-3-Clause

#include "lab/trace.hpp"

#include "lab/bounded_json.hpp"
#include "lab/term.hpp"
#include "observe/printable.hpp"

#include <algorithm>
#include <utility>

namespace coppice::lab {

namespace event {

trace_event start_begin(std::string_view sup, const label& who) {
  return {{"e", "start_begin"}, {"sup", sup}, {"id", who.id}, {"n", who.n}};
}

trace_event start(std::string_view sup, const label& who,
                  const std::string& res) {
  return {
    {"e", "start"}, {"sup", sup}, {"id", who.id}, {"n", who.n}, {"res", res}};
}

trace_event exit(std::string_view sup, const label& who,
                 const std::string& reason) {
  return {{"e", "exit"},
          {"sup", sup},
          {"id", who.n == 0 ? "unknown" : who.id},
          {"n", who.n},
          {"reason", reason}};
}

trace_event signal(std::string_view sup, const label& who,
                   const std::string& sig) {
  return {
    {"e", "signal"}, {"sup", sup}, {"id", who.id}, {"n", who.n}, {"sig", sig}};
}

trace_event down(std::string_view sup, const label& who,
                 const std::string& reason) {
  return {{"e", "down"},
          {"sup", sup},
          {"id", who.id},
          {"n", who.n},
          {"reason", reason}};
}

trace_event report(std::string_view sup, const supervision::report& what,
                   std::size_t n) {
  return {{"e", "report"},
          {"sup", sup},
          {"kind", to_string(what.context)},
          {"id", what.id},
          {"inst", render(what.offender, n)},
          {"reason", what.reason ? to_string(*what.reason)
                                 : "reached_max_restart_intensity"}};
}

trace_event progress(std::string_view sup, const label& who) {
  return {{"e", "progress"}, {"sup", sup}, {"id", who.id}, {"n", who.n}};
}

trace_event retry(std::string_view sup, std::string_view id) {
  return {{"e", "retry"}, {"sup", sup}, {"id", id}};
}

trace_event reply(std::string_view sup, std::string_view op,
                  const std::string& res) {
  return {{"e", "reply"}, {"sup", sup}, {"op", op}, {"res", res}};
}

trace_event stop_reply(const supervision::exit_reason& reason,
                       const supervision::exit_reason& actual) {
  return reply("$driver", "stop",
               actual == reason ? "ok" : "{'EXIT'," + to_string(actual) + "}");
}

trace_event unexpected(std::string_view sup, const std::string& msg) {
  return {{"e", "unexpected"}, {"sup", sup}, {"msg", msg}};
}

trace_event log_error(std::string_view sup, const std::string& text) {
  return {{"e", "log_error"}, {"sup", sup}, {"text", text}};
}

trace_event gen_server_terminate(std::string_view sup,
                                 const std::string& reason) {
  return {{"e", "gen_server_terminate"}, {"sup", sup}, {"reason", reason}};
}

trace_event sup_exit(const std::string& reason) {
  return {{"e", "sup_exit"}, {"reason", reason}};
}

trace_event sup_alive() {
  return {{"e", "sup_alive"}};
}

trace_event decision(std::string_view sup, const label& who,
                     const std::string& reason,
                     const supervision::restart_decided& what,
                     const supervision::flags& settings,
                     const std::vector<std::string>& affected) {
  trace_event result{{"e", "decision"},
                     {"sup", sup},
                     {"id", who.id},
                     {"n", who.n},
                     {"reason", reason},
                     {"strategy", to_string(settings.strategy)},
                     {"used", what.used},
                     {"intensity", settings.intensity},
                     {"period", settings.period.count()},
                     {"affected", affected}};
  if (!what.own)
    return result;
  result["own_used"] = what.own->used;
  result["own_intensity"] = what.own->intensity;
  result["own_period"] = what.own->period.count();
  result["delay_ms"] = what.delay.count();
  return result;
}

} // namespace event

trace to_trace(const std::vector<moment>& moments) {
  trace result;
  for (auto& m : moments)
    if (m.what["e"] != "decision")
      result.push_back(m.what);
  return result;
}

std::string to_text(const trace& events) {
  std::string result;
  for (auto& ev : events)
    result += ev.dump() + "\n";
  return result;
}

std::string to_string(const trace_error& err) {
  return "line " + std::to_string(err.line) + ": " + err.message;
}

namespace {

expected<void, std::string> check_text(const trace_event& ev,
                                       const char* name) {
  auto i = ev.find(name);
  if (i != ev.end() && i->is_string())
    return {};
  return unexpected{
    "expected a string as \"" + std::string{name} + "\", found "
    + (i == ev.end() ? "none" : observe::printable(i->dump(), 60))};
}

expected<trace_event, std::string> event_in(std::string_view line) {
  auto ev = parse_bounded<trace_event>(line, comments::refused);
  if (!ev)
    return ev;
  auto checked = check_text(*ev, "e");
  if (checked && ev->contains("sup"))
    checked = check_text(*ev, "sup");
  if (!checked)
    return unexpected{std::move(checked.error())};
  return ev;
}

} // namespace

expected<trace, trace_error> read_trace(std::string_view text) {
  trace result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with('{'))
      continue;
    auto ev = event_in(line);
    if (!ev)
      return unexpected{trace_error{number, std::move(ev.error())}};
    result.push_back(*std::move(ev));
  }
  return result;
}

} // namespace coppice::lab
