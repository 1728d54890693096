#pragma once

#include "commands/remote.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// `coppice nemesis`: schedules of faults against a running server.
namespace coppice::commands {

struct nemesis_options {
  remote_options remote;
  std::string schedule; ///< A file, or the name of a preset.
  std::string against;  ///< HOST:PORT
  std::string duration; ///< Empty: the schedule's.
  std::string patience = "5s";
  std::string before = "2s";
  std::string after = "2s";
  unsigned clients = 10;
  std::optional<std::uint64_t>
    seed; ///< Unset: the schedule's, or a random one.
};

/// Declares the subcommand and those below it.
void add_nemesis(CLI::App& app, nemesis_options& options);

/// Does what was asked for on the command line; returns the exit code.
int run_nemesis(const CLI::App& app, const nemesis_options& options);

} // namespace coppice::commands
