// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "observe/connection_log.hpp"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace coppice::net {

/// The address that accept(2) gave for a client. An IPv4 client of an IPv6
/// socket is one of IPv4.
observe::peer_address to_peer(const sockaddr_storage& from) noexcept;

/// What counts as one address: an IPv4 address, or a /64 network of IPv6, which
/// is what one customer gets.
using address_key = std::array<std::uint8_t, 17>; // kind, and what counts of it

address_key key_of(const observe::peer_address& client) noexcept;

struct address_key_hash {
  std::size_t operator()(const address_key& what) const noexcept;
};

/// Whether there is an address to count it by: Unix sockets have none.
bool has_address(const observe::peer_address& client) noexcept;

/// How many connections each address has. Thread-safe.
class address_counts {
public:
  /// Counts one more of `client`, unless there are `limit` already.
  bool take(const observe::peer_address& client, std::size_t limit);

  /// Undoes one `take` that returned true.
  void give_back(const observe::peer_address& client);

private:
  using counts = std::unordered_map<address_key, std::size_t, address_key_hash>;

  std::mutex mutex_;
  counts counts_; // guarded by mutex_
};

} // namespace coppice::net
