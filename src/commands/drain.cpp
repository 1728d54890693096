// SPDX-License-Identifier: BSD-3-Clause

#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

namespace coppice::commands {

namespace {

constexpr std::chrono::milliseconds ask_again_after{50};

struct drain_options : session {
  std::string timeout; ///< Empty: the server's own.
  bool wait = false;
};

void declare_drain(CLI::App& cmd, drain_options& options) {
  cmd
    .add_option("--timeout", options.timeout,
                "how long connections may go on; default: the server's "
                "--drain-timeout")
    ->type_name("TIME");
  cmd.add_flag("--wait", options.wait, "return only when the server has ended");
  add_admin_and_token(cmd, options);
}

int drain_server(const drain_options& options) {
  auto body = nlohmann::json::object();
  if (!options.timeout.empty()) {
    auto timeout = duration_of("--timeout", options.timeout);
    body["timeout_ms"] = static_cast<std::uint64_t>(timeout.count());
  }
  auto server = changing(options);
  auto answer = server.post("/drain", body.dump());
  if (answer.status != 200)
    return report(answer);
  auto result = nlohmann::json::parse(answer.body, nullptr, false);
  if (!result.is_object())
    return report_nonsense(options);
  auto active = result.value("active", 0);
  std::cout << "the server drains; " << active
            << (active == 1 ? " connection" : " connections") << " may finish"
            << std::endl;
  while (options.wait && server.get("/").status != 0)
    std::this_thread::sleep_for(ask_again_after);
  return done;
}

} // namespace

command drain_command() {
  return command_of<drain_options>(
    "drain", group::act, "let connections finish, then end the server",
    declare_drain, drain_server);
}

} // namespace coppice::commands
