// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

namespace {

struct log_options : session {
  std::string level; ///< Empty: show it.
};

void declare_log(CLI::App& cmd, log_options& options) {
  cmd
    .add_option("LEVEL", options.level,
                "from now on: debug, info, warning, error or off; without it, "
                "the level is printed")
    ->check(one_of({"debug", "info", "warning", "error", "off"}));
  add_admin_and_token(cmd, options);
}

int show_or_set_log(const log_options& options) {
  using nlohmann::json;
  auto server = changing(options);
  if (!server)
    return report(server.error());
  auto answer
    = options.level.empty()
        ? server->get("/log")
        : server->post("/log", in_ascii(json{{"level", options.level}}));
  if (!answer)
    return report(answer.error());
  auto body = json_of(*answer);
  auto level = answer_part{body}.at("level").shown();
  std::cout << (level == "off" ? "the log is off"
                               : "the log shows " + level + " and above")
            << "\n";
  return done;
}

} // namespace

command log_command() {
  return command_of<log_options>("log", group::act,
                                 "show or set the level of the server's log",
                                 declare_log, show_or_set_log);
}

} // namespace coppice::commands
