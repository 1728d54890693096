#include "commands/serve.hpp"

#include "protocol/protocols.hpp"
#include "server/host.hpp"

#include <CLI/CLI.hpp>

namespace coppice::commands {

namespace {

// Whether it sends back a line that is not "stop".
bool echoes(const std::string& protocol) {
  return protocol == "echo" || protocol == "line";
}

} // namespace

void add_serve(CLI::App& app, serve_arguments& args) {
  auto* cmd
    = app.add_subcommand("serve", "run a supervised server, echo by default");
  add_options(*cmd, args.listener);
  cmd->add_option("--protocol", args.protocol, "what is spoken on the port")
    ->check(CLI::IsMember(protocol::names()))
    ->capture_default_str();
  add_options(*cmd, args.program);
}

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

} // namespace coppice::commands
