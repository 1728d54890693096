// SPDX-License-Identifier: BSD-3-Clause

#include "net/peer.hpp"

#include "net/sockaddr.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <functional>
#include <string_view>

namespace coppice::net {

using observe::peer_address;

namespace {

constexpr std::size_t ipv4_bytes = 4;
constexpr std::size_t network_bytes = 8; // of an IPv6 address
constexpr std::size_t mapped_prefix = 12;

} // namespace

peer_address to_peer(const sockaddr_storage& from) noexcept {
  peer_address result;
  auto copy = [&](const void* bytes, std::size_t n) {
    std::copy_n(static_cast<const std::uint8_t*>(bytes), n,
                result.bytes.begin());
  };
  switch (from.ss_family) {
  case AF_UNIX:
    result.family = peer_address::kind::unix_socket;
    break;
  case AF_INET: {
    auto& v4 = as<sockaddr_in>(from);
    result.family = peer_address::kind::ipv4;
    result.port = ntohs(v4.sin_port);
    copy(&v4.sin_addr, ipv4_bytes);
    break;
  }
  case AF_INET6: {
    auto& v6 = as<sockaddr_in6>(from);
    auto* bytes = v6.sin6_addr.s6_addr;
    result.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      result.family = peer_address::kind::ipv4;
      copy(bytes + mapped_prefix, ipv4_bytes);
    } else {
      result.family = peer_address::kind::ipv6;
      result.scope = v6.sin6_scope_id;
      copy(bytes, result.bytes.size());
    }
    break;
  }
  default:
    break;
  }
  return result;
}

address_key key_of(const peer_address& client) noexcept {
  address_key result = {static_cast<std::uint8_t>(client.family)};
  auto n
    = client.family == peer_address::kind::ipv4 ? ipv4_bytes : network_bytes;
  std::copy_n(client.bytes.begin(), n, result.begin() + 1);
  return result;
}

std::size_t
address_key_hash::operator()(const address_key& what) const noexcept {
  return std::hash<std::string_view>{}(
    {reinterpret_cast<const char*>(what.data()), what.size()});
}

bool has_address(const peer_address& client) noexcept {
  return client.family != peer_address::kind::unix_socket;
}

bool address_counts::take(const peer_address& client, std::size_t limit) {
  if (limit == 0)
    return false;
  std::lock_guard guard{mutex_};
  auto& count = counts_[key_of(client)];
  if (count >= limit)
    return false;
  ++count;
  return true;
}

void address_counts::give_back(const peer_address& client) {
  std::lock_guard guard{mutex_};
  auto i = counts_.find(key_of(client));
  if (--i->second == 0)
    counts_.erase(i);
}

} // namespace coppice::net
