// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice::nemesis {

/// How many bytes of a mismatch are shown.
constexpr std::size_t shown_bytes = 8;

/// The seed of a client.
std::uint64_t stream_key(std::uint64_t seed, unsigned client);

/// The byte at `offset` of the stream `key`: any but `s`, so that no line can
/// be the server's `stop`, and a byte that is lost or doubled shows soon.
char stream_byte(std::uint64_t key, std::uint64_t offset);

/// The first bytes, of which there is one at least: `0a 1b`.
std::string in_hex(std::string_view data);

} // namespace coppice::nemesis
