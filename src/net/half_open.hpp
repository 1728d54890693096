// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace coppice::net {

/// How many clients have begun a TCP handshake with this local port, and not
/// ended it; at most that many are known. Nothing if the kernel does not say.
/// Any thread. Source: sock_diag(7).
std::optional<std::size_t> count_half_open(std::uint16_t port);

} // namespace coppice::net
