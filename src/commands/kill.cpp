// SPDX-License-Identifier: BSD-3-Clause

#include "commands/end_actor.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"

#include <CLI/CLI.hpp>

namespace coppice::commands {

namespace {

void declare_kill(CLI::App& cmd, end_options& options) {
  add_path(cmd, options.path);
  cmd
    .add_option("--reason", options.reason,
                "why it ends: kill, which no actor can trap; normal, shutdown "
                "or any other word")
    ->type_name("REASON")
    ->capture_default_str();
  cmd
    .add_option("--signal", options.signal,
                "send a program this signal, such as HUP, and nothing else")
    ->type_name("SIGNAL")
    ->excludes("--reason");
  add_admin_and_token(cmd, options);
}

} // namespace

command kill_command() {
  return command_of<end_options>("kill", group::act,
                                 "kill an actor; it cannot prevent that",
                                 declare_kill, end_actor);
}

} // namespace coppice::commands
