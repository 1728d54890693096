// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_request.hpp"
#include "commands/table.hpp"

#include <nlohmann/json.hpp>

namespace coppice::commands {

command resume_command() {
  return command_of<listener_options>(
    "resume", group::act, "open the port of a suspended listener again",
    declare_listener, [](const listener_options& options) {
      return request_of_listener(options, "resume", nlohmann::json::object());
    });
}

} // namespace coppice::commands
