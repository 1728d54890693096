// SPDX-License-Identifier: BSD-3-Clause

#include "commands/option_layout.hpp"
#include "commands/table.hpp"
#include "protocol/protocols.hpp"
#include "server/arguments.hpp"
#include "server/host.hpp"

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

constexpr option_layout serve_layout[] = {
  {"--bind", "Network", "ADDRESS"},
  {"--unix-mode", "Network", "MODE"},
  {"--listen-sockets", "Network", "COUNT"},
  {"--backlog", "Network", "COUNT"},
  {"--keepalive", "Network", "TIME"},
  {"--user-timeout", "Network", "TIME"},
  {"--protocol", "Network", nullptr},
  {"--topology", "Supervision", nullptr},
  {"--acceptors", "Supervision", "COUNT"},
  {"--max-restarts", "Supervision", "COUNT"},
  {"--max-seconds", "Supervision", "SECONDS"},
  {"--drain-timeout", "Supervision", "TIME"},
  {"--admin", "Admin API", "HOST:PORT"},
  {"--admin-token-file", "Admin API", "FILE"},
  {"--log-connections", "Log and journal", nullptr},
  {"--log-level", "Log and journal", nullptr},
  {"--log-format", "Log and journal", nullptr},
  {"--journal", "Log and journal", "FILE"},
  {"--journal-size", "Log and journal", "MIB"},
  {"--journal-age", "Log and journal", "TIME"},
  {"--allow-faults", "Faults", nullptr},
  {"--fault-seed", "Faults", "NUMBER"},
};

void declare_serve(CLI::App& cmd, serve_arguments& args) {
  add_options(cmd, args.listener);
  cmd.add_option("--protocol", args.protocol, "what is spoken on the port")
    ->check(CLI::IsMember(protocol::names()))
    ->capture_default_str();
  add_options(cmd, args.program);
  lay_out(cmd, serve_layout);
  lay_out_limits(cmd);
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
  apply(args.listener, *settings.listener);
  apply(args.program, settings);
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
