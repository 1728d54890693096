// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/observe/peer_address.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice::net {

/// The addresses that begin with the same bits, or all Unix sockets. A value;
/// all functions are pure.
class network {
public:
  /// Reads `10.0.0.0/8`, `fd00::/8`, an address alone, which is a network of
  /// one, or `unix`. `localhost` is 127.0.0.1 alone, as in `endpoint::parse`.
  /// The error is a line for a person, who is shown the right spelling if bits
  /// are set beyond the prefix.
  ///
  /// IPv4 within IPv6 is IPv4: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
  static expected<network, std::string> parse(std::string_view text);

  /// Whether the address is of this network, whatever its port and scope. An
  /// IPv4 address is in no IPv6 network, not even in `::/0`; a Unix socket is
  /// in `unix` alone, and an unknown address is in none.
  bool contains(const observe::peer_address& peer) const noexcept;

  friend bool operator==(const network&, const network&) = default;

  /// One text for each network, which `parse` reads: in lower case, and without
  /// the prefix length if it is a network of one.
  friend std::string to_string(const network& value);

private:
  network() noexcept = default;

  std::array<std::uint8_t, 16> bytes_ = {}; // 0 beyond the prefix
  std::uint8_t prefix_ = 0;                 // in bits
  observe::peer_address::kind family_ = observe::peer_address::kind::unknown;
};

std::string to_string(const network& value);

} // namespace coppice::net
