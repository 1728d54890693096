// SPDX-License-Identifier: BSD-3-Clause

#include "commands/end_actor.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"

#include <CLI/CLI.hpp>

namespace coppice::commands {

namespace {

void declare_exit(CLI::App& cmd, end_options& options) {
  add_path(cmd, options.path);
  cmd
    .add_option("REASON", options.reason, "normal, shutdown or any other word")
    ->required();
  add_admin_and_token(cmd, options);
}

} // namespace

command exit_command() {
  return command_of<end_options>("exit", group::act,
                                 "end an actor with a reason: exit PATH boom",
                                 declare_exit, end_actor);
}

} // namespace coppice::commands
