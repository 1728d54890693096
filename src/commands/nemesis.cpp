#include "commands/nemesis.hpp"

#include "commands/nemesis_session.hpp"
#include "nemesis/schedule_file.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>
#include <system_error>

namespace coppice::commands {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

int list() {
  for (auto& each : nemesis::presets())
    std::cout << each.name << "\n    " << each.about << "\n";
  return done;
}

int misused(const std::string& what) {
  std::cerr << "coppice: " << what << std::endl;
  return usage;
}

int show(const nemesis_options& options) {
  auto* preset = nemesis::find_preset(options.schedule);
  if (preset == nullptr)
    return misused("there is no preset \"" + options.schedule
                   + "\"; coppice nemesis list shows them");
  std::cout << preset->text;
  return done;
}

milliseconds duration(const char* option, const std::string& text,
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

std::variant<nemesis::schedule, lab::scenario_error>
load(const nemesis_options& options) {
  auto& name = options.schedule;
  if (auto* preset = nemesis::find_preset(name))
    return nemesis::parse_schedule(preset->text, preset->name);
  std::error_code ignored;
  if (!std::filesystem::exists(name, ignored))
    return lab::scenario_error{
      name, {}, "no such file, and no preset (coppice nemesis list)"};
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
  result.clients = options.clients;
  result.patience = duration("--patience", options.patience, 1ms);
  result.patience_during = result.patience + longest_wait(plan);
  // So that many clients do not ask for more than a few.
  result.pause = std::max(10ms, milliseconds{options.clients / 4});
  return result;
}

int run(const nemesis_options& options) {
  auto read = load(options);
  if (auto* wrong = std::get_if<lab::scenario_error>(&read))
    return misused(to_string(*wrong));
  nemesis_request asked;
  asked.plan = std::get<nemesis::schedule>(std::move(read));
  if (!options.duration.empty())
    asked.plan.duration = duration("--duration", options.duration, 1ms);
  asked.seed = seed_of(options, asked.plan);
  asked.before = duration("--before", options.before, 0ms);
  asked.after = duration("--after", options.after, 0ms);
  asked.checks = checks_of(options, asked.plan);
  asked.checks.seed = asked.seed;
  if (count_moments(asked.plan) > nemesis::most_moments)
    throw CLI::ValidationError("--duration", "makes too many faults");
  return play(asked, options);
}

void add_run(CLI::App& parent, nemesis_options& options) {
  auto& cmd = *parent.add_subcommand(
    "run", "carry out a schedule against a server, and check it meanwhile");
  cmd
    .add_option("SCHEDULE", options.schedule,
                "a file (JSON, or TOML if it ends so) or the name of a preset")
    ->required();
  cmd
    .add_option("--against", options.against,
                "HOST:PORT where the server serves")
    ->required();
  cmd
    .add_option("--admin", options.remote.admin,
                "HOST:PORT of the server's admin API")
    ->capture_default_str();
  cmd.add_option("--token-file", options.remote.token_file,
                 "where the server's admin token is");
  cmd.add_option("--duration", options.duration,
                 "how long faults are done; default: as the schedule says");
  cmd
    .add_option("--clients", options.clients, "how many check at the same time")
    ->check(CLI::Range(1U, 10000U))
    ->capture_default_str();
  cmd.add_option("--seed", options.seed,
                 "what chance comes from; default: the schedule's, or any");
  cmd
    .add_option("--patience", options.patience,
                "how long an answer may take, beyond what the schedule itself "
                "delays")
    ->capture_default_str();
  cmd.add_option("--before", options.before, "how long to look first")
    ->capture_default_str();
  cmd.add_option("--after", options.after, "… and once it is healed")
    ->capture_default_str();
  cmd.add_flag("--json", options.remote.json, "print all as JSON, at the end");
}

} // namespace

void add_nemesis(CLI::App& app, nemesis_options& options) {
  auto* parent = app.add_subcommand(
    "nemesis", "carry out schedules of faults against a running server");
  parent->require_subcommand(1);
  parent->add_subcommand("list", "show the schedules that come with coppice");
  parent
    ->add_subcommand("show", "print one of them as JSON, to copy and change")
    ->add_option("PRESET", options.schedule)
    ->required();
  add_run(*parent, options);
}

int run_nemesis(const CLI::App& app, const nemesis_options& options) {
  auto* parent = app.get_subcommand("nemesis");
  if (parent->got_subcommand("list"))
    return list();
  if (parent->got_subcommand("show"))
    return show(options);
  return run(options);
}

} // namespace coppice::commands
