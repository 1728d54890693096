// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/nemesis_session.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "fault/names.hpp"
#include "nemesis/schedule_file.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <system_error>
#include <vector>

namespace coppice::commands {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

int list_presets() {
  for (auto& each : nemesis::presets())
    std::cout << each.name << "\n    " << each.about << "\n";
  return done;
}

int misuse(const std::string& text) {
  complain(text);
  return usage;
}

std::string preset_meant_by(const std::string& name) {
  std::vector<std::string> names;
  for (auto& each : nemesis::presets())
    names.emplace_back(each.name);
  return fault::did_you_mean(name, names);
}

std::string or_list(const std::string& meant) {
  return meant.empty() ? "; coppice nemesis list shows them" : meant;
}

struct preset_options {
  std::string name;
};

int show_preset(const preset_options& options) {
  auto* preset = nemesis::find_preset(options.name);
  if (preset == nullptr)
    return misuse("there is no preset \"" + options.name + "\""
                  + or_list(preset_meant_by(options.name)));
  std::cout << preset->text;
  return done;
}

milliseconds duration_from(const char* option, const std::string& text,
                           milliseconds least) {
  auto time = parse_duration(text);
  if (!time || *time < least)
    throw CLI::ValidationError(option, "\"" + text
                                         + "\" is no duration such as 500ms or "
                                           "10s, of at least "
                                         + std::to_string(least.count())
                                         + " ms");
  return *time;
}

expected<nemesis::schedule, lab::scenario_error>
load_plan(const nemesis_options& options) {
  auto& name = options.schedule;
  if (auto* preset = nemesis::find_preset(name))
    return nemesis::parse_schedule(preset->text, preset->name);
  std::error_code ignored;
  if (!std::filesystem::exists(name, ignored))
    return unexpected{lab::scenario_error{name,
                                          {},
                                          "no such file, and no preset"
                                            + or_list(preset_meant_by(name))}};
  return nemesis::load_schedule(name);
}

std::uint64_t seed_of(const nemesis_options& options,
                      const nemesis::schedule& plan) {
  if (options.seed)
    return *options.seed;
  return plan.seed ? *plan.seed : std::random_device{}();
}

nemesis::check_options checks_of(const nemesis_options& options,
                                 const nemesis::schedule& plan) {
  auto where = nemesis::resolve(options.against);
  if (!where)
    throw CLI::ValidationError("--against", "\"" + options.against
                                              + "\" is not HOST:PORT of a host "
                                                "that is known");
  nemesis::check_options result;
  result.server = *where;
  result.host = options.against.substr(0, options.against.rfind(':'));
  result.clients = options.clients;
  result.stalled_handshakes = plan.stalled_handshakes;
  result.patience = duration_from("--patience", options.patience, 1ms);
  result.patience_during = result.patience + longest_wait(plan);
  // So that many clients do not ask for more than a few.
  result.pause = std::max(10ms, milliseconds{options.clients / 4});
  return result;
}

int run_nemesis(const nemesis_options& options) {
  auto read = load_plan(options);
  if (!read)
    return misuse(to_string(read.error()));
  nemesis_request asked;
  asked.plan = *std::move(read);
  if (!options.duration.empty())
    asked.plan.duration = duration_from("--duration", options.duration, 1ms);
  asked.seed = seed_of(options, asked.plan);
  asked.before = duration_from("--before", options.before, 0ms);
  asked.after = duration_from("--after", options.after, 0ms);
  asked.checks = checks_of(options, asked.plan);
  asked.checks.seed = asked.seed;
  if (count_moments(asked.plan) > nemesis::most_moments)
    throw CLI::ValidationError("--duration", "makes too many faults");
  return play(asked, options);
}

void declare_nemesis_run(CLI::App& cmd, nemesis_options& options) {
  cmd
    .add_option("SCHEDULE", options.schedule,
                "a file (JSON, or TOML if its name ends in .toml) or the name "
                "of a preset")
    ->required();
  cmd
    .add_option("--against", options.against,
                "where the server serves its clients")
    ->type_name("HOST:PORT")
    ->required();
  cmd
    .add_option("--duration", options.duration,
                "how long faults happen; default: as the schedule says")
    ->type_name("TIME");
  cmd
    .add_option("--clients", options.clients, "how many check at the same time")
    ->type_name("COUNT")
    ->check(numbers(1, 10000))
    ->capture_default_str();
  cmd
    .add_option(
      "--seed", options.seed,
      "of everything random; default: the schedule's, or a random one")
    ->check(numbers(0, UINT64_MAX))
    ->type_name("NUMBER");
  cmd
    .add_option("--patience", options.patience,
                "how long an answer may take, beyond the delays of the "
                "schedule itself")
    ->type_name("TIME")
    ->capture_default_str();
  cmd
    .add_option("--before", options.before,
                "how long to measure before the first fault")
    ->type_name("TIME")
    ->capture_default_str();
  cmd
    .add_option("--after", options.after,
                "how long to measure once the server is healed")
    ->type_name("TIME")
    ->capture_default_str();
  cmd.add_flag("--json", options.json, "print one JSON object, at the end");
  cmd
    .add_option("--ca", options.ca,
                "where the server speaks TLS: its certificate has to come from "
                "this authority (PEM); default: any certificate will do")
    ->type_name("FILE");
  add_admin_and_token(cmd, options);
}

} // namespace

command nemesis_command() {
  return command_with(
    "nemesis", group::faults,
    "run a schedule of faults against a server and check its answers",
    {
      command_of("list", group::faults,
                 "list the schedules that come with coppice", list_presets),
      command_of<preset_options>(
        "show", group::faults, "print one of them as JSON, to copy and change",
        [](CLI::App& cmd, preset_options& options) {
          cmd.add_option("PRESET", options.name, "its name")->required();
        },
        show_preset),
      command_of<nemesis_options>("run", group::faults,
                                  "run a schedule and check the server",
                                  declare_nemesis_run, run_nemesis),
    });
}

} // namespace coppice::commands
