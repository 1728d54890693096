#pragma once

#include "server/arguments.hpp"

#include <string>

namespace coppice::commands {

/// What `coppice serve` was asked for, before it is checked.
struct serve_arguments {
  program_arguments program;
  listener_arguments listener{.default_port = 6000};
  std::string protocol = "echo";
};

/// Declares `serve` and its options.
void add_serve(CLI::App& app, serve_arguments& args);

/// Serves until a signal or the end of the tree; returns the exit code. Throws
/// `CLI::ValidationError` where the arguments make no sense.
int serve(const serve_arguments& args);

} // namespace coppice::commands
