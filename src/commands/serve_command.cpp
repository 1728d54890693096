#include "commands/option_layout.hpp"
#include "commands/serve.hpp"
#include "commands/serve_arguments.hpp"
#include "commands/table.hpp"

#include <CLI/CLI.hpp>

namespace coppice::commands {

namespace {

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

void declare_serve(CLI::App& cmd, serve_arguments& arguments) {
  add_serve(cmd, arguments);
  lay_out(cmd, serve_layout);
  lay_out_limits(cmd);
}

} // namespace

command serve_command() {
  return command_of<serve_arguments>(
    "serve", group::run, "run a supervised TCP server, echo by default",
    declare_serve,
    [](const serve_arguments& arguments) { return serve(check(arguments)); });
}

} // namespace coppice::commands
