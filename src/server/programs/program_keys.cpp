// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/program_keys.hpp"

#include "server/programs/environment_keys.hpp"
#include "server/programs/ready_keys.hpp"
#include "server/programs/signal_names.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace coppice::programs {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_line = 1 << 20;

// Those of getrlimit(2) on Linux.
const std::vector<std::string> limit_names{
  "as",      "core",     "cpu",        "data",   "fsize", "locks",
  "memlock", "msgqueue", "nice",       "nofile", "nproc", "rss",
  "rtprio",  "rttime",   "sigpending", "stack"};

template <class T, class U>
void put(std::optional<T> value, U& into) {
  if (value)
    into = *std::move(value);
}

// More than nothing.
std::optional<std::chrono::milliseconds> positive_time(table_section& from,
                                                       std::string_view key) {
  auto result = from.time(key);
  if (result && *result <= 0ms) {
    from.refuse(key, "it has to be more than 0");
    return {};
  }
  return result;
}

std::optional<int> signal_called(table_section& from, std::string_view key,
                                 const std::string& name) {
  auto result = signal_number(name);
  if (!result)
    from.refuse(key, "\"" + name + "\" is no signal such as TERM"
                       + near(name, signal_names()));
  return result;
}

std::optional<int> signal_in(table_section& from, std::string_view key) {
  auto name = from.text(key);
  return name ? signal_called(from, key, *name) : std::nullopt;
}

void read_stop(table_section& from, process::program& into) {
  if (auto number = signal_in(from, "stop_signal")) {
    if (*number == SIGKILL || *number == SIGSTOP)
      from.refuse("stop_signal", "no program can obey it; shutdown = "
                                 "\"brutal_kill\" kills at once");
    else
      into.stop_signal = *number;
  }
  if (auto index = from.word("stop_to", {"leader", "group"}))
    into.stop_group = *index == 1;
  put(signal_in(from, "stall_signal"), into.stall_signal);
  if (auto index = from.word("leftovers", {"kill", "keep"}))
    into.keep_leftovers = *index == 1;
  if (auto index = from.word("on_our_death", {"kill", "term", "none"}))
    into.on_our_death = *index == 0 ? SIGKILL : *index == 1 ? SIGTERM : 0;
}

void read_success(table_section& from, process::program& into) {
  auto* value = from.get("success");
  if (value == nullptr)
    return;
  std::set<int> result;
  auto add = [&](const toml_file::node& each) {
    auto* code = each.as<std::int64_t>();
    if (code == nullptr)
      from.complain_of_kind(each, "success", "a whole number");
    else if (*code < 0 || *code > 255)
      from.refuse("success",
                  std::to_string(*code) + " is no exit code from 0 to 255");
    else
      result.insert(static_cast<int>(*code));
  };
  if (auto* list = value->as<toml_file::array>())
    for (auto& each : *list)
      add(each);
  else
    add(*value);
  into.success = std::move(result);
}

void read_crash_on(table_section& from, process::program& into) {
  auto names = from.texts("crash_on");
  if (!names)
    return;
  into.crash_on.clear();
  for (auto& each : *names)
    if (auto number = signal_called(from, "crash_on", each))
      into.crash_on.insert(*number);
}

void read_limits(table_section& from, process::program& into) {
  auto table = from.table("limits", "{ nofile = 4096 }");
  if (!table)
    return;
  for (auto& name : limit_names) {
    auto* value = table->get(name);
    if (value == nullptr)
      continue;
    auto* text = value->as<std::string>();
    if (text != nullptr && *text == "unlimited")
      into.limits[name] = std::nullopt;
    else if (value->as<std::int64_t>() == nullptr)
      table->complain_of_kind(*value, "limits." + name,
                              "a whole number or \"unlimited\"");
    else if (auto number
             = table->whole(name, 0, std::numeric_limits<std::int64_t>::max()))
      into.limits[name] = static_cast<std::uint64_t>(*number);
  }
  table->finish();
}

// log, inherit, null or file:PATH
void read_target(table_section& from, std::string_view key,
                 const std::string& folder, process::output& into) {
  using target = process::output::target;
  constexpr std::string_view file = "file:";
  auto text = from.text(key);
  if (!text)
    return;
  if (text->starts_with(file) && text->size() > file.size()) {
    into.to = target::file;
    into.path = in_folder(folder, text->substr(file.size()));
  } else if (*text == "log") {
    into.to = target::log;
  } else if (*text == "inherit") {
    into.to = target::inherit;
  } else if (*text == "null") {
    into.to = target::null;
  } else {
    from.refuse_word(key, *text, {"log", "inherit", "null"}, ", file:PATH");
  }
}

void read_output(table_section& from, const std::string& folder,
                 process::program& into) {
  auto table = from.table("output", "{ to = \"log\" }");
  if (!table)
    return;
  process::output result;
  read_target(*table, "to", folder, result);
  put(table->whole("max_line", 1, longest_line), result.max_line);
  if (auto index = table->word("when_full", {"block", "drop"}))
    result.full = *index == 0 ? process::output::when_full::block
                              : process::output::when_full::drop;
  into.standard_output = into.standard_error = result;
  read_target(*table, "stderr", folder, into.standard_error);
  table->finish();
}

void read_backoff(table_section& from, supervision::child_spec& into) {
  auto table
    = from.table("backoff", "{ initial = \"200ms\", limit = \"30s\" }");
  if (!table)
    return;
  supervision::backoff result;
  auto before = from.wrong().size();
  put(positive_time(*table, "initial"), result.initial);
  put(table->time("limit"), result.limit);
  put(table->number("factor", 1, 1000), result.factor);
  put(table->number("jitter", 0, 1), result.jitter);
  put(table->time("quiet"), result.quiet);
  table->finish();
  if (from.wrong().size() == before && result.limit < result.initial)
    from.refuse("backoff", "limit is less than initial");
  into.backoff = result;
}

// A time, or a word.
void read_shutdown(table_section& from, supervision::child_spec& into) {
  auto* value = from.get("shutdown");
  auto* text = value == nullptr ? nullptr : value->as<std::string>();
  if (text != nullptr && *text == "brutal_kill")
    into.shutdown = supervision::shutdown::brutal_kill();
  else if (text != nullptr && *text == "infinity")
    into.shutdown = supervision::shutdown::infinity();
  else if (auto limit = from.time("shutdown"))
    into.shutdown = supervision::shutdown::within(*limit);
}

void read_restart(table_section& from, supervision::child_spec& into) {
  using supervision::restart;
  auto seen = from.text("restart");
  if (!seen)
    return;
  for (auto each : {restart::permanent, restart::transient, restart::temporary})
    if (*seen == to_string(each)) {
      into.restart = each;
      return;
    }
  // As docker-compose and systemd call them.
  auto* theirs = *seen == "always" || *seen == "unless-stopped" ? "permanent"
                 : *seen == "on-failure"                        ? "transient"
                 : *seen == "no" || *seen == "never"            ? "temporary"
                                                                : nullptr;
  if (theirs != nullptr)
    from.refuse("restart", "\"" + *seen + "\" is \"" + theirs + "\" here");
  else
    from.refuse_word("restart", *seen, {"permanent", "transient", "temporary"});
}

} // namespace

void read_child_keys(table_section& from, supervision::child_spec& into) {
  read_restart(from, into);
  read_shutdown(from, into);
  read_backoff(from, into);
  put(positive_time(from, "ready_within"), into.ready_within);
}

void read_program_keys(table_section& from, const surroundings& where,
                       const std::string& folder, program_settings& into) {
  auto& [spec, program] = into;
  read_child_keys(from, spec);
  put(from.whole("intensity", 1, UINT32_MAX), spec.intensity);
  put(from.seconds("period"), spec.period);
  put(positive_time(from, "progress_within"), spec.progress_within);
  if (auto path = from.text("directory"))
    program.directory = in_folder(folder, *path);
  read_environment(from, where, folder, program);
  read_user(from, where, program);
  read_limits(from, program);
  read_ready(from, folder, program.ready);
  read_success(from, program);
  read_crash_on(from, program);
  read_stop(from, program);
  read_output(from, folder, program);
}

void check_program(table_section& from, const program_settings& what) {
  check_ready(from, what.program.ready, what.spec.ready_within.has_value());
  if (from.has("period") && !what.spec.intensity)
    from.refuse("period", "of a program it is that of a budget of its own: "
                          "give intensity, too");
}

const std::set<std::string_view>& program_keys() {
  static const std::set<std::string_view> all{"command",
                                              "copies",
                                              "crash_on",
                                              "directory",
                                              "env_file",
                                              "environment",
                                              "inherit_environment",
                                              "leftovers",
                                              "limits",
                                              "on_our_death",
                                              "output",
                                              "progress_within",
                                              "ready",
                                              "stall_signal",
                                              "stop_signal",
                                              "stop_to",
                                              "success",
                                              "user"};
  return all;
}

} // namespace coppice::programs
