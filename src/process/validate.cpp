// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/process/program.hpp"
#include "process/launch.hpp"
#include "process/probe_target.hpp"

#include <algorithm>
#include <initializer_list>
#include <regex>
#include <string_view>
#include <utility>

namespace coppice::process {

using supervision::spec_error;

namespace {

using checked = expected<void, spec_error>;

constexpr int last_signal = 64;
constexpr std::size_t longest_line = 1024 * 1024;
constexpr int last_descriptor = 1023;

unexpected<spec_error> wrong(std::string code, std::string field,
                             std::string message) {
  return unexpected{
    spec_error{std::move(code), std::move(field), std::move(message)}};
}

bool has_zero(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

checked check_signal(int number, bool may_be_none, const char* field) {
  if (number >= (may_be_none ? 0 : 1) && number <= last_signal)
    return {};
  return wrong("bad_signal", field,
               std::string{field} + " is the number of a signal, "
                 + (may_be_none ? "0 to 64" : "1 to 64"));
}

checked check_command(const std::vector<std::string>& command,
                      const char* field) {
  if (command.empty() || command.front().empty())
    return wrong("missing_command", field,
                 std::string{field} + " needs the program to execute");
  if (std::any_of(command.begin(), command.end(), has_zero))
    return wrong("bad_command", field,
                 std::string{field} + " has a zero byte in it");
  return {};
}

checked check_environment(const program& value) {
  for (auto& [name, text] : value.environment)
    if (name.empty() || name.find('=') != std::string::npos || has_zero(name)
        || has_zero(text))
      return wrong("bad_environment", "environment",
                   "a variable needs a name without \"=\", and neither has a "
                   "zero byte");
  return {};
}

checked check_output(const output& value, const char* field) {
  if (value.to == output::target::file
      && (value.path.empty() || has_zero(value.path)))
    return wrong("bad_output", field,
                 std::string{field} + " to a file needs its path");
  if (value.max_line == 0 || value.max_line > longest_line)
    return wrong("bad_max_line", field,
                 "the longest line has 1 to 1048576 bytes");
  return {};
}

bool needs_limit(readiness::kind when) {
  return when != readiness::kind::exec && when != readiness::kind::alive;
}

std::string_view name_of(readiness::kind when) {
  switch (when) {
  case readiness::kind::exec:
    return "exec";
  case readiness::kind::notify:
    return "notify";
  case readiness::kind::fd:
    return "fd";
  case readiness::kind::connect:
    return "connect";
  case readiness::kind::http:
    return "http";
  case readiness::kind::file:
    return "file";
  case readiness::kind::command:
    return "command";
  case readiness::kind::log:
    return "log";
  case readiness::kind::alive:
    return "alive";
  case readiness::kind::exit:
    return "exit";
  }
  return "";
}

checked check_pattern(const program& value) {
  if (value.standard_output.to != output::target::log
      && value.standard_error.to != output::target::log)
    return wrong("bad_ready", "ready",
                 "ready when \"log\" needs a stream of output that goes to the "
                 "log");
  try {
    std::regex{value.ready.to};
  } catch (const std::regex_error& e) {
    return wrong("bad_ready", "ready",
                 "\"" + value.ready.to
                   + "\" is no regular expression: " + e.what());
  }
  return {};
}

checked check_ready(const program& value, const supervision::child_spec& spec) {
  auto& ready = value.ready;
  if (needs_limit(ready.when) && !spec.ready_within)
    return wrong("missing_ready_within", "ready_within",
                 "ready when \"" + std::string{name_of(ready.when)}
                   + "\" needs ready_within");
  switch (ready.when) {
  case readiness::kind::exec:
  case readiness::kind::notify:
  case readiness::kind::exit:
    return {};
  case readiness::kind::fd:
    if (ready.fd < 3 || ready.fd > last_descriptor)
      return wrong("bad_ready", "ready", "its descriptor is 3 to 1023");
    return {};
  case readiness::kind::connect:
  case readiness::kind::http:
    if (auto text = parse_probe(ready.to, ready.when == readiness::kind::http);
        !text)
      return wrong("bad_ready", "ready", text.error());
    return {};
  case readiness::kind::file:
    if (ready.to.empty() || has_zero(ready.to))
      return wrong("bad_ready", "ready", "ready when \"file\" needs its path");
    return {};
  case readiness::kind::command:
    return check_command(ready.command, "ready");
  case readiness::kind::log:
    return check_pattern(value);
  case readiness::kind::alive:
    if (ready.alive_for.count() <= 0)
      return wrong("bad_ready", "ready", "it has to be alive for > 0 ms");
    if (spec.ready_within && *spec.ready_within <= ready.alive_for)
      return wrong("bad_ready", "ready",
                   "ready_within has to be longer than the time that it has to "
                   "be alive for");
    return {};
  }
  return {};
}

checked check_numbers(const program& value) {
  if (std::any_of(value.success.begin(), value.success.end(),
                  [](int code) { return code < 0 || code > 255; }))
    return wrong("bad_success", "success", "exit codes are 0 to 255");
  for (auto each : value.crash_on)
    if (auto good = check_signal(each, false, "crash_on"); !good)
      return good;
  for (auto& [name, limit] : value.limits)
    if (!resource_number(name))
      return wrong("bad_limit", "limits",
                   "there is no limit \"" + name + "\"; see getrlimit(2)");
  if (auto good = check_signal(value.stop_signal, false, "stop_signal"); !good)
    return good;
  if (auto good = check_signal(value.stall_signal, true, "stall_signal"); !good)
    return good;
  return check_signal(value.on_our_death, true, "on_our_death");
}

} // namespace

checked validate(const program& value, const supervision::child_spec& spec) {
  for (auto& good : std::initializer_list<checked>{
         check_command(value.command, "command"), check_environment(value),
         check_numbers(value),
         check_output(value.standard_output, "standard_output"),
         check_output(value.standard_error, "standard_error"),
         check_ready(value, spec)})
    if (!good)
      return good;
  if (has_zero(value.directory) || has_zero(value.user))
    return wrong("bad_directory", "directory",
                 "the directory or the user has a zero byte in it");
  return {};
}

} // namespace coppice::process
