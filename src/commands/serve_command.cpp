#include "commands/serve.hpp"
#include "commands/serve_arguments.hpp"
#include "commands/table.hpp"

#include <CLI/CLI.hpp>

namespace coppice::commands {

command serve_command() {
  return command_of<serve_arguments>(
    "serve", group::run, "run a supervised TCP server, echo by default",
    add_serve,
    [](const serve_arguments& arguments) { return serve(check(arguments)); });
}

} // namespace coppice::commands
