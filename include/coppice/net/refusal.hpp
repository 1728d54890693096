// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coppice::net {

/// Why a client that was accepted did not get as far as the handler.
enum class refusal : std::uint8_t {
  no_proxy_header,     ///< It left, or sent something else.
  bad_proxy_header,    ///< It makes no sense, or its checksum is wrong.
  late_proxy_header,   ///< It was not complete in time.
  tls_left,            ///< It left in the middle of the handshake.
  tls_late,            ///< The handshake was not over in time.
  tls_limit,           ///< Too many handshakes at a time.
  not_tls,             ///< It sent something else.
  tls_version,         ///< No version in common.
  tls_cipher,          ///< No cipher, group or signature in common.
  tls_alpn,            ///< No application protocol in common.
  tls_client,          ///< Its certificate is missing or not valid.
  tls_refused_by_peer, ///< It sent an alert: it does not like ours, mostly.
  tls_error,           ///< Anything else.
};

constexpr std::size_t refusals
  = static_cast<std::size_t>(refusal::tls_error) + 1;

/// `no_proxy_header`: the name in the code, which is that of exit reasons,
/// events and metrics.
std::string_view to_string(refusal value);

/// How many clients were refused, by cause.
class refusal_counts {
public:
  void add(refusal what, std::uint64_t n = 1) noexcept {
    counts_[static_cast<std::size_t>(what)] += n;
  }

  std::uint64_t of(refusal what) const noexcept {
    return counts_[static_cast<std::size_t>(what)];
  }

  refusal_counts& operator+=(const refusal_counts& other) noexcept {
    for (std::size_t i = 0; i < refusals; ++i)
      counts_[i] += other.counts_[i];
    return *this;
  }

private:
  std::array<std::uint64_t, refusals> counts_ = {};
};

} // namespace coppice::net
