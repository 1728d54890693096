// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"

#include "commands/complaint.hpp"
#include "commands/table.hpp"
#include "coppice/version.hpp"
#include "server/exit_code.hpp"
#include "server/help_text.hpp"
#include "server/option_checks.hpp"
#include "server/usage_error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <utility>

namespace coppice::commands {

namespace {

constexpr auto about = "supervise TCP servers and other trees of actors, and "
                       "break them to see how they heal";

void add_command(CLI::App& parent, const command& what, const session& defaults,
                 std::map<const CLI::App*, action>& actions) {
  auto* cmd = parent.add_subcommand(what.name, what.help);
  if (what.options)
    actions.emplace(cmd, what.options(*cmd, defaults));
  for (auto& each : what.subcommands) {
    add_command(*cmd, each, defaults, actions);
    cmd->get_subcommand(each.name)->group("Commands");
  }
  if (!what.subcommands.empty())
    cmd->require_subcommand(1);
  refuse_empty_texts(*cmd);
  add_help(*cmd); // once its own options are there
}

// The exit code of a command that ended with `code`: what nobody could read has
// not been done. Also with what the library printed itself.
int when_written(int code) {
  errno = 0;
  if (std::cout.flush() && std::fflush(stdout) == 0)
    return code;
  auto why = errno == 0 ? "" : std::string{": "} + std::strerror(errno);
  complain("standard output cannot be written" + why);
  std::cout.clear(); // for the next command of a console
  std::clearerr(stdout);
  return code == done ? failed : code;
}

int parse_and_run(command_line& line, std::vector<std::string> args) {
  std::ranges::reverse(args); // as the library wants them
  try {
    line.app->parse(std::move(args));
    const auto* chosen = line.app.get();
    while (!chosen->get_subcommands().empty())
      chosen = chosen->get_subcommands().front();
    return when_written(line.actions.at(chosen)());
  } catch (const CLI::Success& wanted) {
    return when_written(line.app->exit(wanted)); // --help, --version
  } catch (const CLI::ParseError& err) {
    return usage_error("coppice", *line.app, err);
  }
}

} // namespace

command_line::command_line()
    : app(std::make_unique<CLI::App>(about, "coppice")) {
  format_help(*app);
  add_help(*app);
  app
    ->set_version_flag("--version", std::string{"coppice "} + version,
                       "print the version and exit")
    ->group(last_help_group);
  app->require_subcommand(1);
  for (auto& each : all_commands()) {
    add_command(*app, each, {}, actions);
    app->get_subcommand(each.name)->group(heading(each.in));
  }
}

command_line::command_line(const session& console)
    : app(std::make_unique<CLI::App>("", "")) {
  format_help(*app);
  app->set_help_flag();
  app->require_subcommand(1);
  for (auto& each : all_commands())
    if (each.on_a_server)
      add_command(*app, each, console, actions);
}

command_line::~command_line() = default;

int run_command_line(const std::vector<std::string>& args,
                     const std::optional<session>& console) {
  try {
    if (console) {
      command_line line{*console};
      return parse_and_run(line, args);
    }
    command_line line;
    return parse_and_run(line, args);
  } catch (const std::exception& err) {
    complain(err.what());
    return failed;
  }
}

} // namespace coppice::commands
