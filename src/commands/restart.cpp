// SPDX-License-Identifier: BSD-3-Clause

#include "commands/child_request.hpp"
#include "commands/table.hpp"

namespace coppice::commands {

command restart_command() {
  return command_of<child_options>(
    "restart", group::act, "stop a child and start it again", declare_child,
    [](const child_options& options) {
      return request_of_child(options, "restart", "restarted");
    });
}

} // namespace coppice::commands
