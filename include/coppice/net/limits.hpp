// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace coppice::net {

/// What a connection can take too long for.
enum class time_limit {
  first_byte,   ///< The peer has sent nothing yet.
  idle,         ///< The peer has sent nothing for a while.
  send,         ///< The peer has taken none of the output for a while.
  lifetime,     ///< The connection as a whole.
  proxy_header, ///< Before the handler: the header of a proxy …
  handshake,    ///< … or the handshake of TLS is not complete.
};

std::string_view to_string(time_limit value);

/// What is done with clients beyond `max_connections`.
enum class overflow {
  queue,  ///< They wait in the backlog of the kernel until there is room.
  reject, ///< They wait for `reject_after`; then they are closed.
};

/// The limits of a listener's connections. Unset means none. Times are
/// monotonic, and are kept to within a tick of the timer wheel.
struct limits {
  /// Hard, for all reactors together. 0: no client is accepted.
  std::optional<std::size_t> max_connections = {};
  /// Hard, for clients of one IPv4 address or one /64 network of IPv6; clients
  /// beyond it are closed at once. Not for Unix sockets.
  std::optional<std::size_t> max_per_address = {};
  net::overflow overflow = net::overflow::queue;
  std::chrono::milliseconds reject_after = std::chrono::seconds{1};
  std::optional<std::chrono::milliseconds> first_byte = {};
  /// Measured from the peer's last byte: what the server sends, or messages
  /// from other actors, do not count.
  std::optional<std::chrono::milliseconds> idle = {};
  std::optional<std::chrono::milliseconds> send = {};
  std::optional<std::chrono::milliseconds> lifetime = {};
  /// A connection with more output waiting than this is ended.
  std::size_t max_output_bytes = 64 * 1024 * 1024;
  /// How long a peer may take to read what is left once the server ends the
  /// connection. 0: what waits is lost; unset: as long as it takes.
  std::optional<std::chrono::milliseconds> goodbye = std::chrono::seconds{1};
  /// An event says when this many connections are open; at most one a period.
  std::optional<std::size_t> alarm = {};
  std::chrono::milliseconds alarm_period = std::chrono::seconds{10};

  // -- rates ------------------------------------------------------------------

  // Each has a burst: how much may come at once after a quiet time. Unset, it
  // is what comes in a second; it is never less than what comes in 32 ms. 0
  // counts as 1.

  /// Clients a second, for all reactors together; others wait in the backlog of
  /// the kernel.
  std::optional<std::size_t> accept_rate = {};
  std::optional<std::size_t> accept_burst = {};
  /// Clients a second of one address, as of `max_per_address`; those beyond are
  /// closed at once.
  std::optional<std::size_t> accept_rate_per_address = {};
  std::optional<std::size_t> accept_burst_per_address = {};
  /// Bytes a second that one connection is given to read; the rest waits with
  /// the kernel, and then with the peer.
  std::optional<std::size_t> read_rate = {};
  std::optional<std::size_t> read_burst = {};
  /// … and all connections of one address together.
  std::optional<std::size_t> read_rate_per_address = {};
  std::optional<std::size_t> read_burst_per_address = {};
};

} // namespace coppice::net
