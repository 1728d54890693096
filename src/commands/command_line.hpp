// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coppice::commands {

/// Everything that can be written on a command line, made from the table of
/// commands.
struct command_line {
  std::unique_ptr<CLI::App> app;
  /// What carries out each subcommand that has none below it.
  std::map<const CLI::App*, action> actions;

  command_line();
  ~command_line();
  command_line(const command_line&) = delete;
  command_line& operator=(const command_line&) = delete;
  /// In a console: only the commands that act on a server, beginning with what
  /// the console was given.
  explicit command_line(const session& console);
};

/// Does what `args` (without the program's name) ask for, as `coppice` does;
/// returns the exit code. Errors go to standard error. In a `console`, only the
/// commands that act on a server are known.
int run_command_line(const std::vector<std::string>& args,
                     const std::optional<session>& console = {});

} // namespace coppice::commands
