#pragma once

#include "commands/remote.hpp"

#include <cstdint>
#include <string>

/// `coppice fault`: faults on a running server.
namespace coppice::commands {

struct fault_options {
  remote_options remote;
  std::string name; ///< Of a point, or a pattern.
  std::string term;
  std::uint64_t seed = 0;
  std::string path;
  std::uint64_t count = 1;
  unsigned reactor = 0;
  std::string time;
};

/// Declares the subcommand and those below it.
void add_fault(CLI::App& app, fault_options& options);

/// Does what was asked for on the command line; returns the exit code.
int run_fault(const CLI::App& app, const fault_options& options);

} // namespace coppice::commands
