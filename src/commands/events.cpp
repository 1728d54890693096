// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/journal_file.hpp"
#include "commands/table.hpp"
#include "fault/names.hpp"
#include "journal/event_json.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>

namespace coppice::commands {

namespace {

struct events_options : session {
  std::string since;     ///< How long ago; empty: from the start.
  std::string pattern;   ///< Of paths; empty: all.
  std::string kind;      ///< Empty: all.
  std::size_t limit = 0; ///< 0: all.
  std::int64_t run = 0;  ///< 0: all.
  bool json = false;
};

void declare_events(CLI::App& cmd, events_options& options) {
  cmd
    .add_option("--since", options.since,
                "only events of the last TIME, such as 30s, 10m or 2d")
    ->type_name("TIME");
  cmd
    .add_option("--path", options.pattern,
                "only these actors; * stands for any characters, and the "
                "beginning of a path may be left out: 'acceptor:*'")
    ->type_name("PATTERN");
  cmd
    .add_option("--kind", options.kind,
                "only this kind, such as child_exited or restarting")
    ->type_name("KIND");
  cmd.add_option("--last", options.limit, "only the last COUNT events")
    ->check(numbers(1))
    ->type_name("COUNT");
  cmd
    .add_option("--run", options.run,
                "only this run of a server; --json shows the numbers of runs")
    ->check(numbers(1))
    ->type_name("NUMBER");
  cmd.add_flag("--json", options.json, "print one JSON object a line");
  add_journal(cmd, options);
}

std::optional<std::chrono::system_clock::time_point>
beginning_of(const events_options& options) {
  if (options.since.empty())
    return {};
  if (auto ago = parse_duration(options.since))
    return std::chrono::system_clock::now() - *ago;
  throw CLI::ValidationError("--since", "\"" + options.since
                                          + "\" is no duration such as 30s, "
                                            "10m, 8h or 2d");
}

std::optional<observe::event_kind> kind_of(const events_options& options) {
  if (options.kind.empty())
    return {};
  if (auto found = observe::event_kind_from(options.kind))
    return found;
  throw CLI::ValidationError(
    "--kind",
    "there is no kind of event called \"" + options.kind + "\""
      + fault::did_you_mean(options.kind, observe::all_event_kinds()));
}

void print_entry(const journal::entry& what, bool as_json) {
  if (as_json)
    std::cout << journal::to_line(to_json(what)) << "\n";
  else
    std::cout << journal::to_text(what.what.wall_time) << " "
              << observe::to_string(observe::severity_of(what.what)) << " "
              << observe::describe(what.what) << "\n";
}

int show_events(const events_options& options) {
  journal::query wanted{.since = beginning_of(options),
                        .path = options.pattern,
                        .kind = kind_of(options),
                        .limit = options.limit};
  if (options.run != 0)
    wanted.run = options.run;
  auto file = journal_of(options);
  if (!file) {
    complain(file.error());
    return failed;
  }
  auto from = journal::reader::open(*file);
  if (!from)
    return complain_of(from.error());
  auto print = [&](auto& each) { print_entry(each, options.json); };
  if (auto read = from->for_each(wanted, print); !read)
    return complain_of(read.error());
  return done;
}

} // namespace

command events_command() {
  return command_of<events_options>(
    "events", group::look,
    "list what happened, from the journal; works without a server, too",
    declare_events, show_events);
}

} // namespace coppice::commands
