// SPDX-License-Identifier: BSD-3-Clause

#include "admin/upgrade_api.hpp"

#include "admin/responses.hpp"
#include "coppice/version.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::admin {

namespace {

constexpr std::int64_t shortest_start_ms = 1000;
constexpr std::int64_t longest_start_ms = 600'000;

std::string_view to_string(upgrade_view::stage value) {
  switch (value) {
  case upgrade_view::stage::none:
    return "none";
  case upgrade_view::stage::starting:
    return "starting";
  case upgrade_view::stage::failed:
    return "failed";
  case upgrade_view::stage::replaced:
    return "replaced";
  }
  return {};
}

nlohmann::json earlier_json(const std::optional<earlier_process>& what) {
  if (!what)
    return nullptr;
  return {{"pid", what->pid},
          {"version", what->version},
          {"connections", what->connections},
          {"ended", what->ended}};
}

response look_at_upgrade(const upgrade_operations& program) {
  auto now = program.look();
  nlohmann::json body{{"pid", ::getpid()},
                      {"version", coppice::version},
                      {"stage", to_string(now.at)},
                      {"successor", nullptr},
                      {"text", now.text},
                      {"earlier", earlier_json(program.earlier(true))}};
  if (now.pid != 0)
    body["successor"] = now.pid;
  return success(body);
}

// The error says what is wrong with it.
expected<upgrade_request, std::string>
request_from(const nlohmann::json& body) {
  upgrade_request result;
  for (auto& [key, value] : body.items()) {
    if (key == "program" && value.is_string())
      result.program = value.get<std::string>();
    else if (key == "timeout_ms" && value.is_number_integer()
             && value >= shortest_start_ms && value <= longest_start_ms)
      result.limit = std::chrono::milliseconds{value.get<std::int64_t>()};
    else
      return unexpected{"send an object with nothing, or with the text "
                        "\"program\", a full path, and the number "
                        "\"timeout_ms\", from "
                        + std::to_string(shortest_start_ms) + " to "
                        + std::to_string(longest_start_ms)};
  }
  return result;
}

bool may_name_a_program(const request& req, const access_check& rules) {
  return req.from == sender::owner || !rules.rules().token.empty();
}

response begin_upgrade(const upgrade_operations& program,
                       const access_check& rules, const call& asked) {
  auto wanted = request_from(asked.body);
  if (!wanted)
    return failure(400, wanted.error());
  if (!wanted->program.empty() && !may_name_a_program(asked.req, rules))
    return failure(
      403, "anybody on this machine could name a program here: ask by the "
           "admin API's Unix socket, or have a token (--admin-token-file); "
           "without a name, the file that this process runs is started again");
  auto started = program.begin(*wanted);
  if (!started)
    return failure(409, started.error());
  return success({{"pid", ::getpid()},
                  {"successor", *started},
                  {"timeout_ms", wanted->limit.count()}});
}

} // namespace

std::vector<route> upgrade_routes(const upgrade_operations& program,
                                  const access_check& rules) {
  return {{"GET", "/upgrade", permission::look, body_kind::none,
           "how far a replacement of the process has got",
           [&program](const call&) { return look_at_upgrade(program); }},
          {"POST", "/upgrade", permission::change, body_kind::optional,
           R"({"program": ..., "timeout_ms": ...} and replace this process)",
           [&program, &rules](const call& asked) {
             return begin_upgrade(program, rules, asked);
           }}};
}

} // namespace coppice::admin
