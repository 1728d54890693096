// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/proxy.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::net {

/// The longest header that is read, in bytes. The protocol would allow 65551.
inline constexpr std::size_t max_proxy_header = 4096;

/// What the first bytes of a stream say as a PROXY header.
struct proxy_header {
  enum class state {
    incomplete, ///< A beginning of a header.
    complete,
    wrong, ///< No header, whatever comes next.
  };

  state what = state::incomplete;
  /// If complete: how long the header is. The bytes after it are the stream's.
  std::size_t size = 0;
  /// If incomplete: how many bytes the header has at least, the ones so far
  /// included. To read up to it never takes a byte of the stream.
  std::size_t wanted = 0;
  /// If complete.
  proxy_info info = {};
  /// If wrong: why, a short phrase for a person. Printable ASCII.
  std::string problem = {};
  /// If wrong: the bytes do not even begin like a header, so that something
  /// else than a proxy may have sent them.
  bool missing = false;

  static proxy_header needs(std::size_t bytes) {
    return {state::incomplete, 0, bytes, {}, {}, false};
  }

  static proxy_header found(std::size_t bytes, proxy_info info) {
    return {state::complete, bytes, 0, std::move(info), {}, false};
  }

  static proxy_header refused(std::string_view problem) {
    return {state::wrong, 0, 0, {}, std::string{problem}, false};
  }

  static proxy_header absent() {
    return {state::wrong, 0, 0, {}, "no PROXY header", true};
  }
};

/// Looks for a header of version 1 or 2 at the beginning of `bytes`, which may
/// be cut anywhere. Call it again with all bytes when there are more: what is
/// complete or wrong stays so, with the same result. Any thread.
///
/// It is strict where the protocol leaves a choice: a line of version 1 has
/// single spaces, decimal ports without leading zeros and a CR LF within 107
/// bytes; a header of version 2 is for a stream, has whole addresses and whole
/// TLVs, and a right checksum if it has one. A line is checked a word at a
/// time.
///
/// It is lenient where the protocol demands it: after the word UNKNOWN and a
/// space, anything may follow up to the CR LF. Of a LOCAL or UNSPEC header,
/// only the length counts: it has TLVs if all that follows its addresses
/// (UNSPEC: none) is right, and else it has none.
///
/// An IPv4 address within one of IPv6 becomes one of IPv4, as in `to_peer`.
/// Source: HAProxy, proxy-protocol.txt of 2020/03/05.
proxy_header read_proxy_header(std::string_view bytes);

} // namespace coppice::net
