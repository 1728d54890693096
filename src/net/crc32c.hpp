// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coppice::net {

/// The CRC of each byte alone, by the reflected Castagnoli polynomial.
constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table = {};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}

/// The CRC32C of what was before, given by its CRC32C, and of `bytes` after it.
/// Source: RFC 3720, appendix B.4.
constexpr std::uint32_t crc32c(std::string_view bytes,
                               std::uint32_t before = 0) {
  constexpr auto table = crc32c_table();
  auto crc = ~before;
  for (auto c : bytes)
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
  return ~crc;
}

} // namespace coppice::net
