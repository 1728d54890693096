#pragma once

#include "commands/remote.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coppice::commands {

/// What the options of `coppice toxic` say.
struct toxic_options {
  remote_options remote;
  std::string type; ///< `add`
  std::string name; ///< `add`, where empty is the default; `remove`
  bool upstream = false;
  bool downstream = false;
  double toxicity = 1;
  std::vector<std::string> attributes; ///< NAME=VALUE
  std::optional<std::uint64_t> connection;
};

/// Declares `toxic` and its subcommands.
void add_toxics(CLI::App& app, toxic_options& options);

/// Does what was asked for; returns the exit code. Throws
/// `CLI::ValidationError` where that makes no sense.
int run_toxics(const CLI::App& app, const toxic_options& options);

} // namespace coppice::commands
