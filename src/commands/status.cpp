// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
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
  if (!answer)
    return report(answer.error());
  auto all = json_of(*answer);
  auto drawn = draw_listeners(all);
  std::cout << (options.json ? in_ascii(all) + "\n" : drawn);
  return done;
}

} // namespace

command status_command() {
  return command_of<status_options>(
    "status", group::look, "show the listeners, their limits and counters",
    declare_status, show_status);
}

} // namespace coppice::commands
