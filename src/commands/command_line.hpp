#pragma once

#include <optional>
#include <string>
#include <vector>

namespace coppice::commands {

/// What the commands of a console have in common.
struct session {
  std::string admin;           ///< HOST:PORT
  std::string token_file = {}; ///< May be empty.
  std::string journal = {};    ///< Empty: where it is by default.
};

/// Does what `args` (without the program's name) ask for, as `coppice` does;
/// returns the exit code. What is wrong is said on standard error. Within a
/// `console`, there are the commands that talk to its server, and no others.
int run_command_line(const std::vector<std::string>& args,
                     const std::optional<session>& console = {});

} // namespace coppice::commands
