// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

namespace {

struct reload_options : session {};

void declare_reload(CLI::App& cmd, reload_options& options) {
  add_admin_and_token(cmd, options);
}

int reload_server(const reload_options& options) {
  auto server = changing(options);
  if (!server)
    return report(server.error());
  auto answer = server->post("/reload", "");
  if (!answer)
    return report(answer.error());
  auto body = json_of(*answer);
  std::cout << answer_part{body}.at("text").shown_plain() << "\n";
  return done;
}

} // namespace

command reload_command() {
  return command_of<reload_options>(
    "reload", group::act,
    "have the server read its certificates again, as SIGHUP does",
    declare_reload, reload_server);
}

} // namespace coppice::commands
