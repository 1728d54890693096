// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_request.hpp"
#include "commands/table.hpp"

#include <nlohmann/json.hpp>

namespace coppice::commands {

command suspend_command() {
  return command_of<listener_options>(
    "suspend", group::act, "close a listener's port; its connections go on",
    declare_listener, [](const listener_options& options) {
      return request_of_listener(options, "suspend", nlohmann::json::object());
    });
}

} // namespace coppice::commands
