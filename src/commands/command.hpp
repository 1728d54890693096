// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

/// The subcommands of `coppice`.
namespace coppice::commands {

/// Under which heading `coppice --help` lists a command.
enum class group {
  run,        ///< Run something.
  look,       ///< Look at a server, or at what it did.
  act,        ///< Change a server.
  faults,     ///< Break a server.
  laboratory, ///< Supervision without a server.
  shell,      ///< For the shell that `coppice` is used in.
  hidden,     ///< Not listed.
};

/// What the commands on one server have in common. In a console they begin with
/// what the console was given.
struct session {
  /// HOST:PORT, https://HOST:PORT or unix:PATH
  std::string admin = "127.0.0.1:6060";
  std::string admin_ca = {};   ///< May be empty.
  std::string token_file = {}; ///< May be empty.
  std::string journal = {};    ///< Empty: where it is by default.
};

/// Carries out a command whose options have been read; returns the exit code.
using action = std::function<int()>;

/// A subcommand. `coppice`, its help, the console, the completions and the man
/// pages are made from a table of them.
struct command {
  std::string name;
  group in = group::look;
  std::string help; ///< One sentence, without a full stop.
  /// Whether it acts on a server: then the console has it, too.
  bool on_a_server = false;
  /// Declares its options. They begin with those of a session, where it acts on
  /// a server. Empty if it has subcommands.
  std::function<action(CLI::App&, const session&)> options = {};
  std::vector<command> subcommands = {};
};

/// Carries out a command on a server; returns its exit code. What answers there
/// may not be coppice: see answers.hpp.
int on_server(const session& options, const std::function<int()>& carry_out);

/// A command whose options are read into an `Options`. If that is derived from
/// `session`, the command acts on a server.
template <class Options>
command command_of(std::string name, group in, std::string help,
                   void (*declare)(CLI::App&, Options&),
                   int (*carry_out)(const Options&)) {
  constexpr auto on_a_server = std::is_base_of_v<session, Options>;
  auto options = [=](CLI::App& cmd, const session& defaults) -> action {
    auto values = std::make_shared<Options>();
    if constexpr (on_a_server)
      static_cast<session&>(*values) = defaults;
    declare(cmd, *values);
    return [=] {
      auto run = [&] { return carry_out(*values); };
      if constexpr (on_a_server)
        return on_server(*values, run);
      else
        return run();
    };
  };
  return {std::move(name), in, std::move(help), on_a_server, options, {}};
}

/// A command without options, which acts on no server.
inline command command_of(std::string name, group in, std::string help,
                          int (*carry_out)()) {
  auto options = [=](CLI::App&, const session&) -> action { return carry_out; };
  return {std::move(name), in, std::move(help), false, options, {}};
}

/// A command that only has subcommands. It acts on a server if one of them
/// does.
command command_with(std::string name, group in, std::string help,
                     std::vector<command> subcommands);

} // namespace coppice::commands
