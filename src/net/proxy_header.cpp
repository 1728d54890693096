// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_header.hpp"

#include "coppice/expected.hpp"
#include "net/crc32c.hpp"
#include "net/peer.hpp"
#include "net/proxy_line.hpp"
#include "net/sockaddr.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace coppice::net {

using observe::peer_address;
using namespace std::string_view_literals;

namespace {

constexpr auto signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t head_size = 16;
constexpr std::size_t tlv_head = 3;
constexpr std::size_t checksum_size = 4;
constexpr std::size_t longest_unique_id = 128;

// Families.
enum : unsigned { unspec_family, inet_family, inet6_family, unix_family };

namespace tlv_type {

constexpr std::uint8_t crc32c = 0x03;
constexpr std::uint8_t noop = 0x04;
constexpr std::uint8_t unique_id = 0x05;

} // namespace tlv_type

constexpr std::size_t address_sizes[] = {0, 12, 36, 216}; // by family

unsigned byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

std::size_t length_at(std::string_view bytes, std::size_t i) {
  return byte_at(bytes, i) << 8 | byte_at(bytes, i + 1);
}

peer_address inet_peer(std::string_view address, std::string_view port) {
  sockaddr_storage storage = {};
  if (address.size() == sizeof(in_addr)) {
    auto& v4 = as<sockaddr_in>(storage);
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, address.data(), address.size());
    std::memcpy(&v4.sin_port, port.data(), port.size());
  } else {
    auto& v6 = as<sockaddr_in6>(storage);
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, address.data(), address.size());
    std::memcpy(&v6.sin6_port, port.data(), port.size());
  }
  return to_peer(storage);
}

// The two addresses come before the two ports.
void read_addresses(std::string_view block, unsigned family, proxy_info& info) {
  if (family == unspec_family)
    return;
  if (family == unix_family) {
    sockaddr_storage local = {};
    local.ss_family = AF_UNIX;
    info.source = to_peer(local);
    info.destination = info.source;
    return;
  }
  auto n = family == inet_family ? sizeof(in_addr) : sizeof(in6_addr);
  auto* ports = block.data() + 2 * n;
  info.source = inet_peer(block.substr(0, n), {ports, 2});
  info.destination = inet_peer(block.substr(n, n), {ports + 2, 2});
}

// The checksum is that of the header with zeros in its place.
bool checksum_is_right(std::string_view header, std::size_t place) {
  auto crc = crc32c(header.substr(0, place));
  crc = crc32c("\0\0\0\0"sv, crc);
  crc = crc32c(header.substr(place + checksum_size), crc);
  return crc == (length_at(header, place) << 16 | length_at(header, place + 2));
}

// The TLVs from `i` to the end, or what is wrong with them.
expected<std::vector<proxy_tlv>, std::string_view>
read_tlvs(std::string_view header, std::size_t i) {
  std::vector<proxy_tlv> result;
  bool has_checksum = false;
  while (i < header.size()) {
    if (header.size() - i < tlv_head)
      return unexpected{"a TLV is cut off"sv};
    auto type = static_cast<std::uint8_t>(byte_at(header, i));
    auto size = length_at(header, i + 1);
    i += tlv_head;
    if (header.size() - i < size)
      return unexpected{"a TLV is cut off"sv};
    if (type == tlv_type::unique_id && size > longest_unique_id)
      return unexpected{"the unique id is longer than 128 bytes"sv};
    if (type == tlv_type::crc32c) {
      if (size != checksum_size)
        return unexpected{"the checksum is not 4 bytes long"sv};
      if (std::exchange(has_checksum, true))
        return unexpected{"the checksum is there twice"sv};
      if (!checksum_is_right(header, i))
        return unexpected{"the checksum is wrong"sv};
    }
    if (type != tlv_type::noop)
      result.push_back({type, std::string{header.substr(i, size)}});
    i += size;
  }
  return result;
}

// What is wrong with a family and a transport for PROXY; null: nothing.
const char* problem_with(unsigned family, unsigned transport) {
  if (family > unix_family)
    return "the address family is unknown";
  auto none = family == unspec_family && transport == 0;
  return none || transport == 1 ? nullptr : "the transport is not STREAM";
}

// Each check as soon as its byte is there.
proxy_header read_binary(std::string_view bytes) {
  auto n = std::min(bytes.size(), signature.size());
  if (bytes.substr(0, n) != signature.substr(0, n))
    return proxy_header::absent();
  if (bytes.size() <= 12)
    return proxy_header::needs(head_size);
  auto command = byte_at(bytes, 12) & 0xF;
  if (byte_at(bytes, 12) >> 4 != 2)
    return proxy_header::refused("the version is not 2");
  if (command > 1)
    return proxy_header::refused("the command is neither LOCAL nor PROXY");
  if (bytes.size() <= 13)
    return proxy_header::needs(head_size);
  auto local = command == 0;
  auto family = byte_at(bytes, 13) >> 4;
  if (auto* problem = problem_with(family, byte_at(bytes, 13) & 0xF);
      problem != nullptr && !local)
    return proxy_header::refused(problem);
  if (bytes.size() < head_size)
    return proxy_header::needs(head_size);
  auto size = head_size + length_at(bytes, 14);
  if (size > max_proxy_header)
    return proxy_header::refused("the header is longer than 4096 bytes");
  auto known = family <= unix_family; // how long its addresses are
  auto tlvs_at = head_size + (known ? address_sizes[family] : 0);
  if (size < tlvs_at && !local)
    return proxy_header::refused("the header is too short for its addresses");
  if (bytes.size() < size)
    return proxy_header::needs(size);
  auto header = bytes.substr(0, size);
  proxy_info info;
  info.local = local;
  if (!local)
    read_addresses(header.substr(head_size), family, info);
  if (known && size >= tlvs_at) {
    auto tlvs = read_tlvs(header, tlvs_at);
    if (tlvs)
      info.tlvs = *std::move(tlvs);
    else if (info.source)
      return proxy_header::refused(tlvs.error());
  }
  return proxy_header::found(size, std::move(info));
}

} // namespace

proxy_header read_proxy_header(std::string_view bytes) {
  return bytes.starts_with('\r') ? read_binary(bytes) : read_proxy_line(bytes);
}

} // namespace coppice::net
