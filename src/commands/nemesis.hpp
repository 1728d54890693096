// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace coppice::commands {

/// What `coppice nemesis run` was asked for.
struct nemesis_options : session {
  std::string schedule; ///< A file, or the name of a preset.
  std::string against;  ///< HOST:PORT
  std::string duration; ///< Empty: the schedule's.
  std::string patience = "5s";
  std::string before = "2s";
  std::string after = "2s";
  unsigned clients = 10;
  /// Unset: the schedule's, or a random one.
  std::optional<std::uint64_t> seed;
  bool json = false;
  std::string ca; ///< Empty: certificates are not looked at.
};

} // namespace coppice::commands
