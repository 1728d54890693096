// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/tls.hpp"
#include "server/argument_error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

/// The options of the command line about TLS, as they were given; what is empty
/// was not.
struct tls_options {
  std::vector<std::string> certificates = {};
  std::vector<std::string> keys = {};
  std::string oldest = {};
  std::vector<std::string> alpn = {};
  std::string client_ca = {};
  std::string client = {};
  std::string handshake_timeout = {};
  std::optional<std::size_t> max_handshakes = {};
};

/// Declares them.
void add_options(CLI::App& cmd, tls_options& options);

/// Checks what was given, and puts it in its place: certificates replace those
/// that are there. The files are not read.
argument<void> apply(const tls_options& options,
                     std::optional<net::tls_settings>& to);

} // namespace coppice
