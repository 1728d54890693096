// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <span>

namespace CLI {
class App;
} // namespace CLI

namespace coppice::commands {

/// Where help lists an option, and what it calls its value.
struct option_layout {
  const char* option; ///< `--bind`
  const char* group;
  const char* value; ///< Null: the option takes none, or names it itself.
};

/// Applies it to those options that `cmd` has.
void lay_out(CLI::App& cmd, std::span<const option_layout> options);

/// The same for the limits of a listener.
void lay_out_limits(CLI::App& cmd);

} // namespace coppice::commands
