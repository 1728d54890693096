// SPDX-License-Identifier: BSD-3-Clause

#include "admin/bounded_http.hpp"
#include "commands/answers.hpp"
#include "commands/checked_argument.hpp"
#include "commands/complaint.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "fault/names.hpp"
#include "observe/printable.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace coppice::commands {

using nlohmann::json;

namespace {

// Prints `text` if it was done, else what went wrong.
int print_outcome(const admin::answer& answer, const std::string& text) {
  if (!answer)
    return report(answer.error());
  std::cout << observe::printable(text) << "\n";
  return done;
}

std::string joined(answer_part all) {
  std::string result;
  for (auto& each : all.elements())
    result += (result.empty() ? "" : " ") + each.shown();
  return result;
}

// One point: its term and how often it fired, then its description.
std::string draw_point(answer_part point) {
  std::ostringstream out;
  auto term = point.find("term");
  auto hits = point.at("hits").number();
  out << std::left << std::setw(24) << point.at("name").shown() << " "
      << (term ? term->shown() : "not armed");
  if (term || hits > 0)
    out << "    (hits " << hits << ", fires " << point.at("fires").number()
        << (point.at("used_up").flag() ? ", used up" : "") << ")";
  out << "\n    " << point.at("description").shown() << "\n    takes "
      << joined(point.at("actions")) << "; " << point.at("where").shown()
      << "\n";
  return out.str();
}

// -- points -------------------------------------------------------------------

struct fault_list_options : session {
  bool json = false;
};

void declare_fault_list(CLI::App& cmd, fault_list_options& options) {
  add_json(cmd, options.json, "GET /faults");
  add_admin(cmd, options);
}

int list_faults(const fault_list_options& options) {
  auto answer = looking_at(options).get("/faults");
  if (!answer)
    return report(answer.error());
  auto body = json_of(*answer);
  answer_part all{body};
  std::string drawn;
  for (auto& point : all.at("points").elements())
    drawn += draw_point(point);
  for (auto& path : all.at("suspended").elements())
    drawn += "suspended: " + path.shown() + "\n";
  drawn += "seed " + std::to_string(all.at("seed").number())
           + (all.at("allowed").flag()
                ? "\n"
                : "; faults are not allowed (serve --allow-faults)\n");
  std::cout << (options.json ? in_ascii(body) + "\n" : drawn);
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
  auto answer = changing(options).and_then([&](const admin::client& server) {
    return server.put("/faults/" + admin::in_url(options.point),
                      in_ascii(json{{"term", options.term}}));
  });
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

// The name of a point that there is not: a pattern may fit none.
int no_such_point(const fault_clear_options& options, answer_part all) {
  std::vector<std::string> names;
  for (auto& each : all.at("points").elements())
    names.push_back(each.at("name").text());
  auto meant = fault::did_you_mean(options.point, names);
  complain("there is no fault point \"" + options.point + "\""
           + (meant.empty() ? "; coppice fault list shows them" : meant));
  return failed;
}

bool is_point(const std::string& name, answer_part all) {
  for (auto& each : all.at("points").elements())
    if (fault::matches(name, each.at("name").text()))
      return true;
  // Of a path: it was armed if it was there.
  return name.find_first_of(":*") != std::string::npos;
}

int clear_faults(const fault_clear_options& options) {
  auto server = changing(options);
  if (!server)
    return report(server.error());
  if (!options.point.empty()) {
    auto listed = server->get("/faults");
    if (!listed)
      return report(listed.error());
    auto all = json_of(*listed);
    if (!is_point(options.point, answer_part{all}))
      return no_such_point(options, answer_part{all});
  }
  auto answer = server->remove(options.point.empty()
                                 ? "/faults"
                                 : "/faults/" + admin::in_url(options.point));
  if (!answer)
    return report(answer.error());
  auto body = json_of(*answer);
  std::cout << answer_part{body}.at("disarmed").number() << " disarmed\n";
  return done;
}

struct fault_seed_options : session {
  std::uint64_t seed = 0;
};

void declare_fault_seed(CLI::App& cmd, fault_seed_options& options) {
  cmd.add_option("SEED", options.seed, "a number")
    ->check(numbers(0, UINT64_MAX))
    ->required();
  add_admin_and_token(cmd, options);
}

int seed_faults(const fault_seed_options& options) {
  auto answer = changing(options).and_then([&](const admin::client& server) {
    return server.post("/faults/seed", in_ascii(json{{"seed", options.seed}}));
  });
  return print_outcome(answer, "seed " + std::to_string(options.seed));
}

// -- actors -------------------------------------------------------------------

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
  cmd.add_option("COUNT", options.count, "how many")
    ->check(numbers(1, 10'000'000))
    ->capture_default_str();
}

struct actor_fault {
  const char* command;
  const char* name; // in the admin API
  bool counted;
  const char* help;
};

int strike(const actor_fault_options& options, const actor_fault& fault) {
  auto path = actor_at(options, options.path);
  if (!path)
    return path.error();
  json body{{"path", *path}};
  if (fault.counted)
    body["count"] = options.count;
  auto server = changing(options);
  if (!server)
    return report(server.error());
  auto answer
    = server->post(std::string{"/actors/"} + fault.name, in_ascii(body));
  if (cut_off(answer) && ends(*server)) {
    std::cout << fault.name << " " << observe::printable(*path)
              << "; the server has ended\n";
    return done;
  }
  if (!answer)
    return report(answer.error());
  auto body_of_answer = json_of(*answer);
  answer_part struck{body_of_answer};
  auto victim = struck.find("path");
  if (!victim && !struck.has("point"))
    throw foreign_answer{};
  std::cout << fault.name << " "
            << (victim ? victim->shown() : observe::printable(*path)) << "\n";
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

// -- reactors -----------------------------------------------------------------

struct stall_options : session {
  unsigned reactor = 0;
  std::string time;
};

void declare_stall(CLI::App& cmd, stall_options& options) {
  cmd.add_option("REACTOR", options.reactor, "its number")
    ->check(numbers(0, 1023))
    ->required();
  cmd.add_option("TIME", options.time, "such as 500ms; at most 1m")->required();
  add_admin_and_token(cmd, options);
}

int stall_reactor(const stall_options& options) {
  auto time = checked_argument(duration_of("TIME", options.time));
  json body{{"reactor", options.reactor}, {"time_ms", time.count()}};
  return print_outcome(
    changing(options).and_then([&](const admin::client& server) {
      return server.post("/actors/stall", in_ascii(body));
    }),
    "reactor " + std::to_string(options.reactor) + " stalls for "
      + options.time);
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
