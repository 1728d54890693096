// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/settings.hpp"
#include "net/cpu_limit.hpp"
#include "server/host.hpp"
#include "server/limit_options.hpp"
#include "server/proxy_options.hpp"
#include "server/tls_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

/// The command line of every program with a supervision tree, before it is
/// checked.
struct program_arguments {
  admin_settings admin;
  journal_settings journal;
  log_settings log;
  std::optional<std::uint64_t> fault_seed = {};
  bool fd_store = false;
};

/// The rest of the command line of a program that listens.
struct listener_arguments {
  std::optional<unsigned> port = {};
  std::uint16_t default_port = 0;
  std::string bind = "::";
  bool bind_given = false; ///< On the command line.
  std::string unix_mode = "0660";
  unsigned listen_sockets = 1;
  bool share_port = false;
  int backlog = net::listen_options{}.backlog;
  std::string keepalive = "5m";
  std::string user_timeout = "off";
  std::string topology = "linked";
  limit_options limits = {};
  proxy_options proxy = {};
  tls_options tls = {};
  unsigned acceptors = net::allowed_cpus();
  std::int64_t max_restarts = -1;
  unsigned max_seconds = 5;
  std::string drain_timeout = "8s";
  std::string drain_delay = "0s";
};

/// The group of options about the network, for those of your own.
inline constexpr auto network_group = "Network";

/// Declares the options, in groups.
void add_options(CLI::App& cmd, program_arguments& args);
void add_options(CLI::App& cmd, listener_arguments& args);

/// Checks what was given, and puts it in its place. Says all that makes no
/// sense.
std::vector<argument_error> apply(const listener_arguments& args,
                                  listener_plan& plan);

/// The same. The error says what makes no sense, or that the token cannot be
/// read. A socket for the admin API may have been passed: see below.
expected<void, start_error> apply(const program_arguments& args,
                                  host_settings& to);

/// What is wrong with them; of files, those of certificates alone are read.
std::vector<argument_error> check(const program_arguments& args);

/// Gives the sockets that a service manager passes (LISTEN_FDS) to listeners
/// and the admin API, by their names. To be called before `apply`.
expected<void, start_error> take_passed_sockets(host_settings& to);

} // namespace coppice
