#pragma once

#include "admin/client.hpp"
#include "server/limit_options.hpp"

#include <string>

/// Subcommands that talk to a running server.
namespace coppice::commands {

struct remote_options {
  std::string admin = "127.0.0.1:6060"; ///< HOST:PORT
  std::string token_file;
  bool json = false;
  bool connections = false;    ///< `tree`, `watch`
  std::string path;            ///< Of an actor; `watch`: a pattern.
  std::string reason = "kill"; ///< `kill`, `exit`
  std::string listener;        ///< Empty: the only one.
  limit_options limits;
  std::string timeout; ///< `drain`, empty: the server's; `watch`, empty: none.
  bool wait = false;   ///< `drain`
  std::string level;   ///< `log`; empty: show it.
};

/// Declares the subcommands.
void add_remote(CLI::App& app, remote_options& options);

/// Does what was asked for on the command line; returns the exit code.
int run_remote(const CLI::App& app, const remote_options& options);

// -- what each of them does; see --help ---------------------------------------

int show_tree(const remote_options& options);
int kill(const remote_options& options);
int show_status(const remote_options& options);
int suspend(const remote_options& options);
int resume(const remote_options& options);
int limit(const remote_options& options);
int drain(const remote_options& options);
int show_children(const remote_options& options);
int show_info(const remote_options& options);
int watch(const remote_options& options);
int stop_child(const remote_options& options);
int start_child(const remote_options& options);
int restart_child(const remote_options& options);
int log(const remote_options& options);

/// The listener that is meant; if there is none, says why and sets `code`.
std::string listener_of(const remote_options& options,
                        const admin::client& server, int& code);

/// Says on standard error what went wrong and returns the exit code for it.
int report(const admin::answer& bad);

/// Says on standard error that the server's answer made no sense.
int report_nonsense(const remote_options& options);

} // namespace coppice::commands
