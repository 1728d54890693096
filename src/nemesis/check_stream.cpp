// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/check_stream.hpp"

#include <cstdio>

namespace coppice::nemesis {

namespace {

std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

} // namespace

std::uint64_t stream_key(std::uint64_t seed, unsigned client) {
  return mixed(seed + client);
}

char stream_byte(std::uint64_t key, std::uint64_t offset) {
  auto byte = static_cast<char>(mixed(key + offset / 8) >> (offset % 8 * 8));
  return byte == 's' ? 'S' : byte;
}

std::string in_hex(std::string_view data) {
  std::string result;
  for (unsigned char each : data.substr(0, shown_bytes)) {
    char text[4];
    std::snprintf(text, sizeof text, "%02x ", each);
    result += text;
  }
  result.pop_back();
  return result;
}

} // namespace coppice::nemesis
