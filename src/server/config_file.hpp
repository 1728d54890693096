// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "server/arguments.hpp"
#include "server/listener_group.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// What a configuration file (TOML) says. Keys are the options of the command
/// line, with `_` in place of `-`: those of the program at the top, those of a
/// listener in a table `[[listener]]` each.
struct config {
  program_arguments program;
  config_keys keys; ///< Of the program.
  std::vector<listener_plan> listeners;
};

/// How a configuration is read.
struct config_reader {
  /// Files of more bytes are refused.
  static constexpr std::size_t most_bytes = 1 << 20;

  /// What the command line says of the program as a whole, and the options that
  /// it has, such as `--admin`: they win.
  program_arguments program = {};
  std::set<std::string> given = {};
  /// Names of sockets that a service manager passed; those listeners need no
  /// address.
  std::set<std::string> passed = {};
  std::uint16_t default_port = 0;
  std::string default_protocol = {};

  /// Reads a text. The error is all that is wrong with it, each with its line
  /// in `file`, as `coppice.toml:3: unknown key …`.
  expected<config, std::vector<std::string>>
  read(std::string_view text, const std::string& file) const;

  /// The same for a file.
  expected<config, std::vector<std::string>>
  read_file(const std::string& file) const;
};

} // namespace coppice
