// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

namespace coppice::process {

/// What is connected to, to find out whether a program is ready.
struct probe_target {
  struct address {
    sockaddr_storage name;
    socklen_t size;
  };

  std::vector<address> addresses = {};
  std::string request = {}; ///< Of HTTP; else empty.
};

/// The parts of `HOST:PORT`, `unix:PATH` and `http://HOST[:PORT]/PATH`.
struct probe_text {
  std::string host = {};
  std::string port = {};
  std::string unix_path = {};
  std::string request = {};
};

/// The error says what is wrong with `text`. Pure.
expected<probe_text, std::string> parse_probe(std::string_view text, bool http);

/// Looks up the host, which may take time.
expected<probe_target, std::string> resolve(const probe_text& what);

} // namespace coppice::process
