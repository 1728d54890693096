#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace CLI {
class App;
} // namespace CLI

/// Subcommands that read the journal, whether a server runs or not.
namespace coppice::commands {

struct history_options {
  std::string file; ///< Empty: where it is by default.
  bool json = false;
  std::string since;     ///< `events`; how long ago; empty: from the start.
  std::string path;      ///< `events`: a pattern; `why`: the actor.
  std::string kind;      ///< `events`; empty: all.
  std::size_t limit = 0; ///< `events`; 0: all.
  std::int64_t run = 0;  ///< `events`; 0: all.
  std::string output;    ///< `journal export`; empty: standard output.
};

/// Declares `events`, `why` and `journal`.
void add_history(CLI::App& app, history_options& options);

/// Whether one of them was asked for.
bool is_history(const CLI::App& app);

/// Does what was asked for on the command line; returns the exit code.
int run_history(const CLI::App& app, const history_options& options);

} // namespace coppice::commands
