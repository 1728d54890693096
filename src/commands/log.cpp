// SPDX-License-Identifier: BSD-3-Clause

#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

namespace {

struct log_options : session {
  std::string level; ///< Empty: show it.
};

void declare_log(CLI::App& cmd, log_options& options) {
  cmd.add_option("LEVEL", options.level,
                 "from now on: debug, info, warning, error or off; without it, "
                 "the level is printed");
  add_admin_and_token(cmd, options);
}

int show_or_set_log(const log_options& options) {
  using nlohmann::json;
  auto server = changing(options);
  auto answer = options.level.empty()
                  ? server.get("/log")
                  : server.post("/log", json{{"level", options.level}}.dump());
  if (answer.status != 200)
    return report(answer);
  auto body = json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("level"))
    return report_nonsense(options);
  std::cout << "the log shows " << body["level"].get<std::string>()
            << " and above\n";
  return done;
}

} // namespace

command log_command() {
  return command_of<log_options>("log", group::act,
                                 "show or set the level of the server's log",
                                 declare_log, show_or_set_log);
}

} // namespace coppice::commands
