// SPDX-License-Identifier: BSD-3-Clause

#include "commands/table.hpp"

#include <algorithm>
#include <utility>

namespace coppice::commands {

command command_with(std::string name, group in, std::string help,
                     std::vector<command> subcommands) {
  auto on_a_server = std::ranges::any_of(subcommands, &command::on_a_server);
  return {std::move(name), in, std::move(help),
          on_a_server,     {}, std::move(subcommands)};
}

const std::vector<command>& all_commands() {
  static const std::vector<command> all{
    serve_command(),  run_command(),         console_command(),
    tree_command(),   children_command(),    info_command(),
    status_command(), healthcheck_command(), watch_command(),
    events_command(), why_command(),         journal_command(),
    kill_command(),   exit_command(),        stop_command(),
    start_command(),  restart_command(),     suspend_command(),
    resume_command(), limit_command(),       log_command(),
    reload_command(), drain_command(),       upgrade_command(),
    fault_command(),  toxic_command(),       nemesis_command(),
    lab_command(),    completion_command(),  man_pages_command(),
  };
  return all;
}

const char* heading(group which) {
  switch (which) {
  case group::run:
    return "Run";
  case group::look:
    return "Look";
  case group::act:
    return "Act";
  case group::faults:
    return "Faults";
  case group::laboratory:
    return "Laboratory";
  case group::shell:
    return "Shell";
  case group::hidden:
    return "";
  }
  return "";
}

} // namespace coppice::commands
