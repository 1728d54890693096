// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/lab_api.hpp"
#include "commands/table.hpp"
#include "protocol/protocols.hpp"
#include "server/arguments.hpp"
#include "server/exit_code.hpp"
#include "server/front.hpp"
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
  front::plan plan{.settings = {.root = "coppice"},
                   .program = args.program,
                   .listener = args.listener};
  auto& listener = plan.settings.listener.emplace();
  listener.config.name = args.protocol;
  listener.config.make_handler = protocol::find(args.protocol);
  plan.settings.laboratory = laboratory;
  if (echoes(args.protocol))
    plan.settings.echoes_until = "stop";
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
