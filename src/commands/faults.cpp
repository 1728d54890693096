#include "commands/faults.hpp"

#include "server/duration.hpp"
#include "server/exit_code.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iomanip>
#include <iostream>
#include <sstream>

namespace coppice::commands {

using nlohmann::json;

namespace {

admin::client server_of(const fault_options& options) {
  return {options.remote.admin, read_token(options.remote.token_file)};
}

int said(const admin::answer& what, const std::string& text) {
  if (what.status != 200)
    return report(what);
  std::cout << text << "\n";
  return done;
}

std::string words(const json& all) {
  std::string result;
  for (auto& each : all)
    result += (result.empty() ? "" : " ") + each.get<std::string>();
  return result;
}

// One point: what it is armed with and how often it fired; then what it is.
std::string draw(const json& point) {
  std::ostringstream out;
  auto armed = point["term"].is_string();
  out << std::left << std::setw(24) << point["name"].get<std::string>() << " "
      << (armed ? point["term"].get<std::string>() : "not armed");
  if (armed || point["hits"] > 0)
    out << "    (hits " << point["hits"] << ", fires " << point["fires"] << ")";
  out << "\n    " << point["description"].get<std::string>() << "\n    knows "
      << words(point["actions"]) << "; " << point["where"].get<std::string>()
      << "\n";
  return out.str();
}

int list(const fault_options& options) {
  auto answer = admin::client{options.remote.admin, {}}.get("/faults");
  if (answer.status != 200)
    return report(answer);
  if (options.remote.json) {
    std::cout << answer.body;
    return done;
  }
  auto all = json::parse(answer.body, nullptr, false);
  if (!all.is_object() || !all.contains("points"))
    return report_nonsense(options.remote);
  for (auto& point : all["points"])
    std::cout << draw(point);
  std::cout << "seed " << all["seed"]
            << (all["allowed"] == true
                  ? "\n"
                  : "; faults may not be asked for (serve --allow-faults)\n");
  return done;
}

int set(const fault_options& options) {
  return said(server_of(options).put("/faults/" + options.name,
                                     json{{"term", options.term}}.dump()),
              options.name + " is armed with " + options.term);
}

int clear(const fault_options& options) {
  auto path = options.name.empty() ? "/faults" : "/faults/" + options.name;
  auto answer = server_of(options).remove(path);
  auto body = json::parse(answer.body, nullptr, false);
  if (answer.status == 200 && !body.contains("disarmed"))
    return report_nonsense(options.remote);
  return said(answer,
              answer.status == 200
                ? std::to_string(body["disarmed"].get<int>()) + " disarmed"
                : "");
}

int reseed(const fault_options& options) {
  return said(server_of(options).post("/faults/seed",
                                      json{{"seed", options.seed}}.dump()),
              "seed " + std::to_string(options.seed));
}

int strike(const fault_options& options, const std::string& what) {
  json body{{"path", options.path}};
  if (what == "flood" || what == "fail_starts")
    body["count"] = options.count;
  auto answer = server_of(options).post("/actors/" + what, body.dump());
  auto struck = json::parse(answer.body, nullptr, false);
  if (answer.status == 200 && !struck.contains("path")
      && !struck.contains("point"))
    return report_nonsense(options.remote);
  return said(answer,
              what + " "
                + (struck.contains("path") ? struck["path"].get<std::string>()
                                           : options.path));
}

int stall(const fault_options& options) {
  auto time = parse_duration(options.time);
  if (!time)
    throw CLI::ValidationError("TIME", "\"" + options.time
                                         + "\" is no duration such as 500ms");
  json body{{"reactor", options.reactor}, {"time_ms", time->count()}};
  return said(server_of(options).post("/actors/stall", body.dump()),
              "reactor " + std::to_string(options.reactor) + " stalls for "
                + options.time);
}

CLI::App& add(CLI::App& parent, fault_options& options, const char* name,
              const char* help) {
  auto* cmd = parent.add_subcommand(name, help);
  cmd
    ->add_option("--admin", options.remote.admin,
                 "HOST:PORT of the server's admin API")
    ->capture_default_str();
  cmd->add_option("--token-file", options.remote.token_file,
                  "where the server's admin token is");
  return *cmd;
}

struct by_path {
  const char* name; // of the subcommand
  const char* what; // … in the API
  const char* help;
};

constexpr by_path strikes[] = {
  {"suspend", "suspend",
   "have an actor do nothing: what is sent to it waits, all but exit "
   "signals"},
  {"resume", "resume", "undo suspend"},
  {"kill-random", "kill_random", "kill a worker below PATH, by chance"},
  {"burn-budget", "burn_budget",
   "have the children of a supervisor fail until it gives up"},
  {"fail-starts", "fail_starts", "have the next COUNT starts of an actor fail"},
  {"refuse-stop", "refuse_stop",
   "have an actor not hear that it is asked to end"},
  {"flood", "flood", "send COUNT messages to an actor that it does not know"},
};

void add_strikes(CLI::App& parent, fault_options& options) {
  for (auto& each : strikes) {
    auto& cmd = add(parent, options, each.name, each.help);
    cmd.add_option("PATH", options.path, "as coppice tree --json shows it")
      ->required();
    auto what = std::string_view{each.what};
    if (what == "flood" || what == "fail_starts")
      cmd.add_option("COUNT", options.count)->capture_default_str();
  }
}

} // namespace

void add_fault(CLI::App& app, fault_options& options) {
  auto* parent = app.add_subcommand(
    "fault", "ask a running server for faults, where it allows them");
  parent->require_subcommand(1);
  add(*parent, options, "list", "show the fault points, and what they do")
    .add_flag("--json", options.remote.json, "print what GET /faults answers");
  auto& arm = add(*parent, options, "set", "arm a fault point with a term");
  arm.add_option("POINT", options.name, "its name; * stands for anything")
    ->required();
  arm
    .add_option("TERM", options.term, "such as '10%delay(5ms)' or '3*throw(x)'")
    ->required();
  add(*parent, options, "clear", "disarm a fault point, or all")
    .add_option("POINT", options.name, "its name; * stands for anything");
  add(*parent, options, "seed", "set what chance comes from")
    .add_option("SEED", options.seed)
    ->required();
  add_strikes(*parent, options);
  auto& held = add(*parent, options, "stall", "hold up a reactor's thread");
  held.add_option("REACTOR", options.reactor, "its number, from 0")->required();
  held.add_option("TIME", options.time, "such as 500ms; at most 1m")
    ->required();
}

int run_fault(const CLI::App& app, const fault_options& options) {
  auto& parent = *app.get_subcommand("fault");
  auto asked = [&](const char* name) { return parent.got_subcommand(name); };
  if (asked("list"))
    return list(options);
  if (asked("set"))
    return set(options);
  if (asked("clear"))
    return clear(options);
  if (asked("seed"))
    return reseed(options);
  if (asked("stall"))
    return stall(options);
  for (auto& each : strikes)
    if (asked(each.name))
      return strike(options, each.what);
  return usage;
}

} // namespace coppice::commands
