// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/listener.hpp"
#include "server/argument_error.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

/// The options of the command line about proxies that say who their clients
/// are, as they were given.
struct proxy_options {
  std::vector<std::string> from = {};
  std::string timeout = {}; ///< Empty: it was not given.
};

/// Declares them.
void add_options(CLI::App& cmd, proxy_options& options);

/// Checks what was given, and puts it in its place.
argument<void> apply(const proxy_options& options, net::proxy_settings& to);

} // namespace coppice
