// SPDX-License-Identifier: BSD-3-Clause

#include "commands/child_request.hpp"
#include "commands/table.hpp"

namespace coppice::commands {

command start_command() {
  return command_of<child_options>(
    "start", group::act, "start a child that is stopped", declare_child,
    [](const child_options& options) {
      return request_of_child(options, "start", "started");
    });
}

} // namespace coppice::commands
