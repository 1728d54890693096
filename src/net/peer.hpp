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

/// How many connections each address has: an IPv4 address, or a /64 network of
/// IPv6, which is what one customer gets. Thread-safe.
class address_counts {
public:
  /// Counts one more of `client`, unless there are `limit` already.
  bool take(const observe::peer_address& client, std::size_t limit);

  /// Undoes one `take` that returned true.
  void give_back(const observe::peer_address& client);

private:
  using key = std::array<std::uint8_t, 17>; // kind, and what counts of it

  struct key_hash {
    std::size_t operator()(const key& what) const noexcept;
  };

  static key key_of(const observe::peer_address& client) noexcept;

  std::mutex mutex_;
  std::unordered_map<key, std::size_t, key_hash> counts_; // guarded by mutex_
};

} // namespace coppice::net
