// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/lab_api.hpp"
#include "commands/table.hpp"
#include "coppice/net/endpoint.hpp"
#include "observe/printable.hpp"
#include "protocol/protocols.hpp"
#include "server/arguments.hpp"
#include "server/config_file.hpp"
#include "server/exit_code.hpp"
#include "server/front.hpp"
#include "server/joined.hpp"
#include "server/option_checks.hpp"
#include "server/upgrade/predecessor.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace coppice::commands {

namespace {

constexpr std::uint16_t default_port = 6000;

struct serve_arguments {
  program_arguments program;
  listener_arguments listener{.default_port = default_port};
  std::string protocol = "echo";
  std::string config;
  bool check_config = false;
  std::set<std::string> given; // options that the command line has
};

bool is_given(const CLI::Option* option) {
  return option->count() > 0;
}

void declare_serve(CLI::App& cmd, serve_arguments& args) {
  add_options(cmd, args.listener);
  cmd.add_option("--protocol", args.protocol, "what is spoken on the port")
    ->check(one_of(protocol::names()))
    ->capture_default_str()
    ->group(network_group);
  std::vector<CLI::Option*> of_listener;
  for (auto* each : cmd.get_options({}))
    if (each != cmd.get_help_ptr())
      of_listener.push_back(each);
  add_options(cmd, args.program);
  cmd
    .add_option("--config", args.config,
                "a TOML file that says what listens, and more; its keys are "
                "these options")
    ->group("Configuration")
    ->type_name("FILE");
  cmd
    .add_flag("--check-config", args.check_config,
              "only say whether that file is right")
    ->group("Configuration");
  cmd.parse_complete_callback([&cmd, &args, of_listener] {
    for (auto* each : cmd.get_options(is_given))
      args.given.insert(each->get_name());
    if (args.config.empty() && args.check_config)
      throw CLI::ValidationError{
        "--check-config: which file? Give --config FILE, too"};
    for (auto* each : of_listener)
      if (!args.config.empty() && is_given(each))
        throw CLI::ValidationError{
          each->get_name()
          + ": with --config, what listens is in the file; put it into its "
            "[[listener]]"};
  });
}

config_reader reader_of(const serve_arguments& args) {
  std::set<std::string> passed;
  if (auto sockets = net::passed_sockets()) // else the start says what is wrong
    for (auto& each : *sockets)
      passed.insert(each.name);
  return {.program = args.program,
          .given = args.given,
          .passed = std::move(passed),
          .default_port = default_port,
          .default_protocol = "echo"};
}

// What is wrong, a line each; or what listens where.
int say_config(const expected<config, std::vector<std::string>>& read,
               const std::string& file) {
  if (!read) {
    for (auto& each : read.error())
      complain(each);
    return usage;
  }
  std::string all;
  for (auto& each : read->listeners)
    all += (all.empty() ? "" : ", ") + each.config.name + " on "
           + to_string(each.config.where);
  std::cout << observe::printable(file + " is right: " + all) << std::endl;
  return done;
}

expected<fresh_config, std::string> fresh(const config_reader& how,
                                          const std::string& file) {
  auto read = how.read_file(file);
  if (!read)
    return unexpected{joined(read.error(), "\n")};
  return fresh_config{std::move(read->listeners), std::move(read->keys),
                      *journal::log_level_from(read->program.log.level),
                      read->program.log.connections};
}

void use(config read, const serve_arguments& args, front::plan& plan) {
  plan.program = std::move(read.program);
  plan.listeners.clear();
  auto& settings = plan.settings;
  settings.listeners = std::move(read.listeners);
  settings.keys = std::move(read.keys);
  settings.read_again
    = [how = reader_of(args), file = args.config] { return fresh(how, file); };
}

// Serves until a signal or the end of the tree.
int serve(const serve_arguments& args) {
  // Before the file is read, which may name sockets that were passed. What is
  // wrong with it, the start says.
  (void)upgrade::predecessor::meet();
  front::plan plan{.settings = {.root = "coppice"},
                   .program = args.program,
                   .listeners = {args.listener}};
  plan.settings.laboratory = laboratory;
  if (args.config.empty()) {
    auto& listener = plan.settings.listeners.emplace_back();
    listener.config.name = args.protocol;
    listener.config.make_handler = protocol::find(args.protocol);
    if (protocol::echoes_lines(args.protocol))
      listener.echoes_until = protocol::last_line;
  } else {
    auto read = reader_of(args).read_file(args.config);
    if (!read || args.check_config)
      return say_config(read, args.config);
    use(*std::move(read), args, plan);
  }
  auto code = front{std::move(plan)}.run();
  if (code)
    return *code;
  if (code.error().usage)
    throw CLI::ValidationError{code.error().text}; // a line with help
  complain(code.error().text);
  return failed;
}

} // namespace

command serve_command() {
  return command_of<serve_arguments>("serve", group::run,
                                     "run a supervised TCP server, echo by "
                                     "default",
                                     declare_serve, serve);
}

} // namespace coppice::commands
