// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/checked_argument.hpp"
#include "commands/complaint.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

namespace coppice::commands {

namespace {

constexpr std::chrono::milliseconds ask_how_it_is_after{50};

// Beyond its own limit, the server says what came of it within that time.
constexpr std::chrono::seconds beyond_limit{15};

constexpr int not_found = 404;

struct upgrade_options : session {
  std::string program; ///< Empty: the file that the server runs.
  std::string timeout; ///< Empty: the server's own.
};

void declare_upgrade(CLI::App& cmd, upgrade_options& options) {
  cmd.add_option("PROGRAM", options.program,
                 "the file to run; default: the one that the server runs, or "
                 "what has taken its place");
  cmd
    .add_option("--timeout", options.timeout,
                "how long the new process may take to be ready; default: 30s")
    ->type_name("TIME");
  add_admin_and_token(cmd, options);
}

nlohmann::json request_of(const upgrade_options& options) {
  auto result = nlohmann::json::object();
  if (!options.program.empty())
    result["program"] = std::filesystem::absolute(options.program).string();
  if (!options.timeout.empty())
    result["timeout_ms"] = static_cast<std::uint64_t>(
      checked_argument(duration_of("--timeout", options.timeout)).count());
  return result;
}

std::string process(std::uint64_t pid) {
  return "process " + std::to_string(pid);
}

// What becomes of the process that was replaced.
std::string future_of(const answer_part& earlier) {
  if (earlier.at("ended").flag())
    return " has ended";
  auto left = earlier.at("connections").number();
  return " ends when its last "
         + (left == 1 ? std::string{"connection has"}
                      : std::to_string(left) + " connections have");
}

// What came of it; nothing: it is not over yet. The old process answers until
// the new one serves, and the new one from then on, if it has the same port.
std::optional<int> outcome(const nlohmann::json& now, std::uint64_t old) {
  answer_part what{now};
  auto pid = what.at("pid").number();
  auto stage = what.at("stage").text();
  if (pid == old && stage == "failed") {
    complain(process(old) + " serves on, since the new one was of no use: "
             + what.at("text").text());
    return failed;
  }
  if (pid == old && stage != "replaced")
    return {};
  if (pid == old)
    std::cout << process(what.at("successor").number())
              << " serves; its admin API is elsewhere" << std::endl;
  else
    std::cout << process(pid) << " (" << what.at("version").shown()
              << ") serves; " << process(old) << future_of(what.at("earlier"))
              << std::endl;
  return done;
}

int wait_for_outcome(const admin::client& server, std::uint64_t old,
                     std::chrono::milliseconds limit) {
  using clock = std::chrono::steady_clock;
  for (auto until = clock::now() + limit + beyond_limit; clock::now() < until;
       std::this_thread::sleep_for(ask_how_it_is_after)) {
    auto answer = server.get("/upgrade");
    if (!answer && cut_off(answer))
      continue; // one has closed the port, and the other is about to open it
    if (!answer)
      return report(answer.error());
    auto now = json_of(*answer);
    if (auto code = outcome(now, old))
      return *code;
  }
  complain("nothing came of it in time; coppice events shows what happened");
  return failed;
}

int upgrade_server(const upgrade_options& options) {
  auto request = request_of(options);
  auto server = changing(options);
  if (!server)
    return report(server.error());
  auto answer = server->post("/upgrade", in_ascii(request));
  if (!answer && answer.error().status == not_found) {
    complain("this process cannot be replaced: it is a coppice run, whose "
             "programs are its children, or part of another program");
    return failed;
  }
  if (!answer)
    return report(answer.error());
  auto begun = json_of(*answer);
  answer_part what{begun};
  return wait_for_outcome(
    *server, what.at("pid").number(),
    std::chrono::milliseconds{begun.value("timeout_ms", std::int64_t{0})});
}

} // namespace

command upgrade_command() {
  return command_of<upgrade_options>(
    "upgrade", group::act,
    "replace the server's process by a new one, without losing a client",
    declare_upgrade, upgrade_server);
}

} // namespace coppice::commands
