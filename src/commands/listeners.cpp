// The subcommands for listeners and for the end of the server.

#include "commands/listener_drawing.hpp"
#include "commands/remote.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

namespace coppice::commands {

using json = nlohmann::json;

namespace {

constexpr std::chrono::milliseconds look_again{50};

int operate(const remote_options& options, const std::string& what,
            const json& body) {
  admin::client server{options.admin, read_token(options.token_file)};
  int code = done;
  auto name = listener_of(options, server, code);
  if (name.empty())
    return code;
  auto answer = server.post("/listeners/" + name + "/" + what, body.dump());
  if (answer.status != 200)
    return report(answer);
  auto now = json::parse(answer.body, nullptr, false);
  if (!now.is_object())
    return report_nonsense(options);
  std::cout << draw_listeners(json{{"listeners", {now}}});
  return done;
}

} // namespace

std::string listener_of(const remote_options& options,
                        const admin::client& server, int& code) {
  if (!options.listener.empty())
    return options.listener;
  auto answer = server.get("/listeners");
  if (answer.status != 200) {
    code = report(answer);
    return {};
  }
  auto all = json::parse(answer.body, nullptr, false);
  if (!all.is_object() || !all.contains("listeners")) {
    code = report_nonsense(options);
    return {};
  }
  if (all["listeners"].size() == 1)
    return all["listeners"][0]["name"];
  std::cerr << "coppice: say which listener; coppice status shows them"
            << std::endl;
  code = usage;
  return {};
}

int show_status(const remote_options& options) {
  admin::client server{options.admin, {}};
  auto answer = server.get("/listeners");
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  auto all = json::parse(answer.body, nullptr, false);
  if (!all.is_object())
    return report_nonsense(options);
  std::cout << draw_listeners(all);
  return done;
}

int suspend(const remote_options& options) {
  return operate(options, "suspend", json::object());
}

int resume(const remote_options& options) {
  return operate(options, "resume", json::object());
}

int limit(const remote_options& options) {
  auto changes = to_json(options.limits);
  if (changes.empty())
    throw CLI::ValidationError("limit", "say which limit; --help shows them");
  return operate(options, "limits", changes);
}

int drain(const remote_options& options) {
  json body = json::object();
  if (!options.timeout.empty()) {
    auto timeout = duration_of("--timeout", options.timeout);
    body["timeout_ms"] = static_cast<std::uint64_t>(timeout.count());
  }
  admin::client server{options.admin, read_token(options.token_file)};
  auto answer = server.post("/drain", body.dump());
  if (answer.status != 200)
    return report(answer);
  auto result = json::parse(answer.body, nullptr, false);
  if (!result.is_object())
    return report_nonsense(options);
  auto active = result.value("active", 0);
  std::cout << "the server drains; " << active
            << (active == 1 ? " connection" : " connections") << " may finish"
            << std::endl;
  while (options.wait && server.get("/").status != 0)
    std::this_thread::sleep_for(look_again);
  return done;
}

} // namespace coppice::commands
