// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/peer_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

/// One type-length-value of a version 2 header. The value is what the proxy
/// sent: any bytes, up to 4077 of them.
struct proxy_tlv {
  std::uint8_t type = 0;
  std::string value = {};

  friend bool operator==(const proxy_tlv&, const proxy_tlv&) = default;
};

/// What a proxy said about a connection, before the first byte of the stream.
/// It is as true as the proxy is trusted. A value: any thread may read it.
/// Source: HAProxy, proxy-protocol.txt of 2020/03/05.
struct proxy_info {
  int version = 2; ///< 1 or 2.
  /// The proxy itself connects, for instance to see whether this server is
  /// alive. Version 2 alone.
  bool local = false;
  /// The client. Unset: the header has no addresses (LOCAL, UNKNOWN, UNSPEC),
  /// and those of the socket count. Of a Unix socket, its path is not kept.
  std::optional<observe::peer_address> source = {};
  /// Where the client connected to. Set if and only if `source` is.
  std::optional<observe::peer_address> destination = {};
  /// In the order of the header, without those of type NOOP (0x04).
  std::vector<proxy_tlv> tlvs = {};

  /// The value of the first of that type; null if there is none. It points
  /// into `tlvs`.
  const std::string* find(std::uint8_t type) const noexcept {
    for (auto& tlv : tlvs)
      if (tlv.type == type)
        return &tlv.value;
    return nullptr;
  }

  /// The protocol that the client and the proxy agreed on, such as `h2`; empty:
  /// the header has none. So for the next two.
  std::string_view alpn() const noexcept {
    return text_of(0x01);
  }

  /// The host name that the client asked for, by SNI for instance.
  std::string_view authority() const noexcept {
    return text_of(0x02);
  }

  /// What the proxy calls this connection: any bytes, up to 128 of them.
  std::string_view unique_id() const noexcept {
    return text_of(0x05);
  }

  friend bool operator==(const proxy_info&, const proxy_info&) = default;

private:
  std::string_view text_of(std::uint8_t type) const noexcept {
    auto* value = find(type);
    return value != nullptr ? std::string_view{*value} : std::string_view{};
  }
};

} // namespace coppice::net
