// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_drawing.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

namespace {

struct status_options : session {
  bool json = false;
};

void declare_status(CLI::App& cmd, status_options& options) {
  add_json(cmd, options.json, "GET /listeners");
  add_admin(cmd, options);
}

int show_status(const status_options& options) {
  auto answer = looking_at(options).get("/listeners");
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  auto all = nlohmann::json::parse(answer.body, nullptr, false);
  if (!all.is_object())
    return report_nonsense(options);
  std::cout << draw_listeners(all);
  return done;
}

} // namespace

command status_command() {
  return command_of<status_options>(
    "status", group::look, "show the listeners, their limits and counters",
    declare_status, show_status);
}

} // namespace coppice::commands
