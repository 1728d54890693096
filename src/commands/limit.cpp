// SPDX-License-Identifier: BSD-3-Clause

#include "commands/checked_argument.hpp"
#include "commands/listener_request.hpp"
#include "commands/table.hpp"
#include "server/limit_options.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace coppice::commands {

namespace {

struct limit_command_options : listener_options {
  limit_options limits;
};

void declare_limit(CLI::App& cmd, limit_command_options& options) {
  declare_listener(cmd, options);
  add_limits(cmd, options.limits);
}

int set_limits(const limit_command_options& options) {
  auto changes = checked_argument(coppice::to_json(options.limits));
  if (changes.empty())
    throw CLI::ValidationError("limit", "give at least one limit; coppice "
                                        "limit --help lists them");
  return request_of_listener(options, "limits", changes);
}

} // namespace

command limit_command() {
  return command_of<limit_command_options>(
    "limit", group::act, "change the limits of a listener while it runs",
    declare_limit, set_limits);
}

} // namespace coppice::commands
