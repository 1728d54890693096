// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace coppice::observe {

/// The address at the other end of a connection, without a string.
struct peer_address {
  enum class kind : std::uint8_t { unknown, ipv4, ipv6, unix_socket };

  std::array<std::uint8_t, 16> bytes = {}; ///< IPv4: the first four.
  std::uint32_t scope = 0;                 ///< Of a link-local IPv6 address.
  std::uint16_t port = 0;
  kind family = kind::unknown;

  friend bool operator==(const peer_address&, const peer_address&) = default;
};

/// `127.0.0.1:41234`, `[fe80::1%2]:41234`, `unix`.
std::string to_string(const peer_address& peer);

} // namespace coppice::observe
