#pragma once

#include "coppice/admin/client.hpp"

#include <string>

/// Subcommands that talk to a running server.
namespace coppice::cli {

struct remote_options {
  std::string admin = "127.0.0.1:6060"; ///< HOST:PORT
  std::string token_file;
};

struct tree_options {
  remote_options remote;
  bool json = false;
  bool connections = false;
};

/// Prints the live tree; returns the exit code.
int show_tree(const tree_options& options);

struct kill_options {
  remote_options remote;
  std::string path;
  std::string reason = "kill";
};

/// Ends an actor; returns the exit code.
int kill(const kill_options& options);

/// Says on standard error what went wrong and returns the exit code for it.
int report(const admin::answer& bad);

} // namespace coppice::cli
