#pragma once

#include "commands/limit_options.hpp"
#include "commands/serve.hpp"
#include "coppice/net/reactor.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace coppice::commands {

/// What the options of `serve` say, before it is checked.
struct serve_arguments {
  std::optional<unsigned> port;
  std::string bind = "::";
  std::string unix_mode = "0660";
  unsigned listen_sockets = 1;
  int backlog = net::listen_options{}.backlog;
  std::string keepalive = "5m";
  std::string user_timeout = "off";
  std::string topology = "linked";
  std::string protocol = "echo";
  limit_options limits;
  unsigned acceptors = net::allowed_cpus();
  std::int64_t max_restarts = -1;
  unsigned max_seconds = 5;
  std::string admin = "127.0.0.1:6060";
  std::string token_file;
  std::string drain_timeout = "8s";
  bool log_connections = false;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string journal; ///< Empty: where it is by default.
  std::uint64_t journal_mib = 64;
  std::string journal_age = "7d";
  bool allow_faults = false;
  std::optional<std::uint64_t> fault_seed;
};

/// Declares `serve` and its options.
void add_serve(CLI::App& app, serve_arguments& args);

/// What was asked for. Throws `CLI::ValidationError` where that makes no sense.
serve_options check(const serve_arguments& args);

} // namespace coppice::commands
