#pragma once

#include "coppice/fault/plan.hpp"
#include "coppice/net/endpoint.hpp"
#include "coppice/net/limits.hpp"
#include "coppice/net/listener.hpp"
#include "journal/journal.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace coppice::commands {

/// What `coppice serve` was asked for, checked.
struct serve_options {
  net::endpoint where;
  std::vector<int> inherited; ///< Sockets to be used in place of `where`.
  net::listen_options listening;
  std::string protocol = "echo";
  net::limits limits;
  net::topology topology = net::topology::linked;
  unsigned acceptors = 1; ///< >= 1
  std::int64_t max_restarts = 0;
  std::chrono::seconds max_seconds{5};
  std::optional<net::endpoint> admin; ///< Unset: no admin API.
  std::string token;
  std::chrono::milliseconds drain_timeout{0};
  bool log_connections = false;
  journal::log_level log_level = journal::log_level::info;
  journal::log_format log_format = journal::log_format::text;
  std::optional<std::filesystem::path> journal; ///< Unset: no file.
  journal::bounds journal_bounds;
  bool allow_faults = false; ///< Whether the admin API may ask for them.
  std::optional<std::uint64_t> fault_seed; ///< Unset: a random one.
  fault::plan faults;                      ///< Armed from the start.
};

/// Serves until a signal or the end of the tree; returns the exit code.
int serve(const serve_options& options);

} // namespace coppice::commands
