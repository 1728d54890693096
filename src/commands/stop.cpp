// SPDX-License-Identifier: BSD-3-Clause

#include "commands/child_request.hpp"
#include "commands/table.hpp"

namespace coppice::commands {

command stop_command() {
  return command_of<child_options>(
    "stop", group::act, "stop a child; its supervisor does not restart it",
    declare_child, [](const child_options& options) {
      return request_of_child(options, "stop", "stopped");
    });
}

} // namespace coppice::commands
