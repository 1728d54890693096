// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/crc32c.hpp"
#include "net/proxy_header.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// PROXY headers as bytes, for tests.
namespace coppice::proxy_bytes {

using namespace std::string_literals;

inline constexpr unsigned local_command = 0x20;
inline constexpr unsigned proxy_command = 0x21;

inline const auto signature = "\r\n\r\n\0\r\nQUIT\n"s;
inline const auto v4_block = "\xC0\0\2\7\x0A\0\0\1\x17\x70\x01\xBB"s;

inline std::string byte(std::size_t value) {
  return std::string(1, static_cast<char>(value));
}

inline std::string in_two_bytes(std::size_t value) {
  return byte(value >> 8) + byte(value & 0xFF);
}

inline std::string tlv(unsigned type, const std::string& value) {
  return byte(type) + in_two_bytes(value.size()) + value;
}

inline std::string binary(unsigned command, unsigned family,
                          const std::string& payload) {
  return signature + byte(command) + byte(family) + in_two_bytes(payload.size())
         + payload;
}

inline std::string v4(const std::string& tlvs) {
  return binary(proxy_command, 0x11, v4_block + tlvs);
}

// Puts the right checksum where `header` has a TLV for it with zeros.
inline std::string with_checksum(std::string header) {
  auto place = header.find("\3\0\4\0\0\0\0"s) + 3;
  auto crc = net::crc32c(header);
  return header.replace(place, 4,
                        in_two_bytes(crc >> 16) + in_two_bytes(crc & 0xFFFF));
}

struct refused {
  std::string header;
  std::string problem;
};

inline void expect_problems(const std::vector<refused>& table) {
  for (auto& [header, problem] : table) {
    auto result = net::read_proxy_header(header);
    EXPECT_EQ(result.what, net::proxy_header::state::wrong)
      << ::testing::PrintToString(header);
    EXPECT_EQ(result.problem, problem) << ::testing::PrintToString(header);
    EXPECT_FALSE(result.missing);
  }
}

} // namespace coppice::proxy_bytes
