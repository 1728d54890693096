// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/table.hpp"
#include "protocol/protocols.hpp"
#include "server/arguments.hpp"
#include "server/exit_code.hpp"
#include "server/host.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <utility>

namespace coppice::commands {

namespace {

struct serve_arguments {
  program_arguments program;
  listener_arguments listener{.default_port = 6000};
  std::string protocol = "echo";
};

void declare_serve(CLI::App& cmd, serve_arguments& args) {
  add_options(cmd, args.listener);
  cmd.add_option("--protocol", args.protocol, "what is spoken on the port")
    ->check(one_of(protocol::names()))
    ->capture_default_str()
    ->group(network_group);
  add_options(cmd, args.program);
}

// Whether it sends back a line that is not "stop".
bool echoes(const std::string& protocol) {
  return protocol == "echo" || protocol == "line";
}

// Serves until a signal or the end of the tree.
int serve(const serve_arguments& args) {
  host_settings settings{.root = "coppice"};
  settings.listener.emplace();
  settings.listener->config.name = args.protocol;
  settings.listener->config.make_handler = protocol::find(args.protocol);
  auto applied = apply(args.listener, settings);
  if (applied)
    applied = apply(args.program, settings);
  if (!applied && applied.error().usage)
    throw CLI::ValidationError{applied.error().text}; // a line with help
  if (!applied) {
    complain(applied.error().text);
    return failed;
  }
  if (echoes(args.protocol))
    settings.echoes_until = "stop";
  return host{std::move(settings)}.run();
}

} // namespace

command serve_command() {
  return command_of<serve_arguments>("serve", group::run,
                                     "run a supervised TCP server, echo by "
                                     "default",
                                     declare_serve, serve);
}

} // namespace coppice::commands
