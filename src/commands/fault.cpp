// SPDX-License-Identifier: BSD-3-Clause

#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>

namespace coppice::commands {

using nlohmann::json;

namespace {

// Prints `text` if it was done, else what went wrong.
int print_outcome(const admin::answer& answer, const std::string& text) {
  if (answer.status != 200)
    return report(answer);
  std::cout << text << "\n";
  return done;
}

std::string joined(const json& all) {
  std::string result;
  for (auto& each : all)
    result += (result.empty() ? "" : " ") + each.get<std::string>();
  return result;
}

// One point: its term and how often it fired, then its description.
std::string draw_point(const json& point) {
  std::ostringstream out;
  auto armed = point["term"].is_string();
  out << std::left << std::setw(24) << point["name"].get<std::string>() << " "
      << (armed ? point["term"].get<std::string>() : "not armed");
  if (armed || point["hits"] > 0)
    out << "    (hits " << point["hits"] << ", fires " << point["fires"] << ")";
  out << "\n    " << point["description"].get<std::string>() << "\n    takes "
      << joined(point["actions"]) << "; " << point["where"].get<std::string>()
      << "\n";
  return out.str();
}

// -- points
// --------------------------------------------------------------------

struct fault_list_options : session {
  bool json = false;
};

void declare_fault_list(CLI::App& cmd, fault_list_options& options) {
  add_json(cmd, options.json, "GET /faults");
  add_admin(cmd, options);
}

int list_faults(const fault_list_options& options) {
  auto answer = looking_at(options).get("/faults");
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  auto all = json::parse(answer.body, nullptr, false);
  if (!all.is_object() || !all.contains("points"))
    return report_nonsense(options);
  for (auto& point : all["points"])
    std::cout << draw_point(point);
  std::cout << "seed " << all["seed"]
            << (all["allowed"] == true
                  ? "\n"
                  : "; faults are not allowed (serve --allow-faults)\n");
  return done;
}

struct fault_set_options : session {
  std::string point; ///< A name or a pattern.
  std::string term;
};

void declare_fault_set(CLI::App& cmd, fault_set_options& options) {
  cmd
    .add_option("POINT", options.point,
                "name of a fault point; * stands for any characters")
    ->required();
  cmd
    .add_option("TERM", options.term, "such as '10%delay(5ms)' or '3*throw(x)'")
    ->required();
  add_admin_and_token(cmd, options);
}

int set_fault(const fault_set_options& options) {
  auto answer = changing(options).put("/faults/" + options.point,
                                      json{{"term", options.term}}.dump());
  return print_outcome(answer,
                       options.point + " is armed with " + options.term);
}

struct fault_clear_options : session {
  std::string point; ///< A name or a pattern; empty: everything.
};

void declare_fault_clear(CLI::App& cmd, fault_clear_options& options) {
  cmd.add_option("POINT", options.point,
                 "name of a fault point; * stands for any characters; without "
                 "it, all are disarmed and suspended actors resume");
  add_admin_and_token(cmd, options);
}

int clear_faults(const fault_clear_options& options) {
  auto answer = changing(options).remove(
    options.point.empty() ? "/faults" : "/faults/" + options.point);
  if (answer.status != 200)
    return report(answer);
  auto body = json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("disarmed"))
    return report_nonsense(options);
  std::cout << body["disarmed"] << " disarmed\n";
  return done;
}

struct fault_seed_options : session {
  std::uint64_t seed = 0;
};

void declare_fault_seed(CLI::App& cmd, fault_seed_options& options) {
  cmd.add_option("SEED", options.seed, "a number")->required();
  add_admin_and_token(cmd, options);
}

int seed_faults(const fault_seed_options& options) {
  auto answer = changing(options).post("/faults/seed",
                                       json{{"seed", options.seed}}.dump());
  return print_outcome(answer, "seed " + std::to_string(options.seed));
}

// -- actors
// --------------------------------------------------------------------

struct actor_fault_options : session {
  std::string path;
  std::uint64_t count = 1;
};

void declare_actor_fault(CLI::App& cmd, actor_fault_options& options) {
  add_path(cmd, options.path);
  add_admin_and_token(cmd, options);
}

void declare_counted_fault(CLI::App& cmd, actor_fault_options& options) {
  declare_actor_fault(cmd, options);
  cmd.add_option("COUNT", options.count, "how many")->capture_default_str();
}

struct actor_fault {
  const char* command;
  const char* name; // in the admin API
  bool counted;
  const char* help;
};

int strike(const actor_fault_options& options, const actor_fault& fault) {
  int code = done;
  auto path = actor_at(options, options.path, code);
  if (!path)
    return code;
  json body{{"path", *path}};
  if (fault.counted)
    body["count"] = options.count;
  auto answer
    = changing(options).post(std::string{"/actors/"} + fault.name, body.dump());
  if (answer.status != 200)
    return report(answer);
  auto struck = json::parse(answer.body, nullptr, false);
  if (!struck.is_object()
      || (!struck.contains("path") && !struck.contains("point")))
    return report_nonsense(options);
  std::cout << fault.name << " " << struck.value("path", *path) << "\n";
  return done;
}

constexpr actor_fault suspend_fault{
  "suspend", "suspend", false,
  "pause an actor: messages to it wait, exit signals do not"};
constexpr actor_fault resume_fault{"resume", "resume", false,
                                   "let a paused actor go on"};
constexpr actor_fault kill_random_fault{"kill-random", "kill_random", false,
                                        "kill a random worker below PATH"};
constexpr actor_fault burn_budget_fault{
  "burn-budget", "burn_budget", false,
  "make the children of a supervisor fail until it gives up"};
constexpr actor_fault fail_starts_fault{
  "fail-starts", "fail_starts", true,
  "make the next COUNT starts of an actor fail"};
constexpr actor_fault refuse_stop_fault{
  "refuse-stop", "refuse_stop", false,
  "make an actor ignore the request to end"};
constexpr actor_fault flood_fault{"flood", "flood", true,
                                  "send COUNT unknown messages to an actor"};

template <const actor_fault& Fault>
command actor_fault_command() {
  return command_of<actor_fault_options>(
    Fault.command, group::faults, Fault.help,
    Fault.counted ? declare_counted_fault : declare_actor_fault,
    [](const actor_fault_options& options) { return strike(options, Fault); });
}

// -- reactors
// ------------------------------------------------------------------

struct stall_options : session {
  unsigned reactor = 0;
  std::string time;
};

void declare_stall(CLI::App& cmd, stall_options& options) {
  cmd.add_option("REACTOR", options.reactor, "its number, from 0")->required();
  cmd.add_option("TIME", options.time, "such as 500ms; at most 1m")->required();
  add_admin_and_token(cmd, options);
}

int stall_reactor(const stall_options& options) {
  auto time = duration_of("TIME", options.time);
  json body{{"reactor", options.reactor}, {"time_ms", time.count()}};
  return print_outcome(changing(options).post("/actors/stall", body.dump()),
                       "reactor " + std::to_string(options.reactor)
                         + " stalls for " + options.time);
}

} // namespace

command fault_command() {
  return command_with(
    "fault", group::faults,
    "inject faults into a server that was started with --allow-faults",
    {
      command_of<fault_list_options>(
        "list", group::faults, "list the fault points and how they are armed",
        declare_fault_list, list_faults),
      command_of<fault_set_options>("set", group::faults,
                                    "arm a fault point with a term",
                                    declare_fault_set, set_fault),
      command_of<fault_clear_options>("clear", group::faults,
                                      "disarm a fault point, or all of them",
                                      declare_fault_clear, clear_faults),
      command_of<fault_seed_options>(
        "seed", group::faults, "set the seed of everything that is random",
        declare_fault_seed, seed_faults),
      actor_fault_command<suspend_fault>(),
      actor_fault_command<resume_fault>(),
      actor_fault_command<kill_random_fault>(),
      actor_fault_command<burn_budget_fault>(),
      actor_fault_command<fail_starts_fault>(),
      actor_fault_command<refuse_stop_fault>(),
      actor_fault_command<flood_fault>(),
      command_of<stall_options>("stall", group::faults,
                                "block the thread of a reactor for some time",
                                declare_stall, stall_reactor),
    });
}

} // namespace coppice::commands
