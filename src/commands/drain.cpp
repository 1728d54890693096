// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/checked_argument.hpp"
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

bool is_ready(const admin::client& server) {
  return server.get("/readyz").has_value();
}

// A server with a listener that drains is not ready. If a server there is ready
// again, it has replaced the one that was asked to drain: something starts it
// again when it ends.
void wait_for_end(const admin::client& server) {
  end_watch watch{server};
  auto was_ready = is_ready(server);
  while (!watch.is_over() && (was_ready || !is_ready(server)))
    std::this_thread::sleep_for(ask_again_after);
}

int drain_server(const drain_options& options) {
  auto body = nlohmann::json::object();
  if (!options.timeout.empty()) {
    auto timeout = checked_argument(duration_of("--timeout", options.timeout));
    body["timeout_ms"] = static_cast<std::uint64_t>(timeout.count());
  }
  auto server = changing(options);
  if (!server)
    return report(server.error());
  auto answer = server->post("/drain", in_ascii(body));
  if (cut_off(answer) && ends(*server)) {
    std::cout << "the server has ended; it took the answer with it\n";
    return done;
  }
  if (!answer)
    return report(answer.error());
  auto result = json_of(*answer);
  auto active = answer_part{result}.at("active").number();
  std::cout << "the server drains; " << active
            << (active == 1 ? " connection" : " connections") << " may finish"
            << std::endl;
  if (options.wait)
    wait_for_end(*server);
  return done;
}

} // namespace

command drain_command() {
  return command_of<drain_options>(
    "drain", group::act, "let connections finish, then end the server",
    declare_drain, drain_server);
}

} // namespace coppice::commands
