// SPDX-License-Identifier: BSD-3-Clause

#include "net/networks.hpp"

#include "observe/printable.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

namespace coppice::net {

using observe::peer_address;

namespace {

using address_kind = peer_address::kind;
using address_bytes = std::array<std::uint8_t, 16>;

constexpr unsigned mapped_bits = 96; // of IPv4 within IPv6
constexpr std::size_t shown_bytes = 64;

unsigned address_bits(address_kind family) {
  return family == address_kind::ipv4 ? 32 : 128;
}

// Keeps what is left of a byte that begins at bit `at`.
std::uint8_t mask_at(std::size_t at, unsigned prefix) {
  auto kept = prefix <= at ? 0U : std::min<std::size_t>(prefix - at, 8);
  return static_cast<std::uint8_t>(0xFF00U >> kept);
}

address_bytes masked(address_bytes bytes, unsigned prefix) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] &= mask_at(i * 8, prefix);
  return bytes;
}

// No sign and no leading zero.
std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned value = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, value);
  if (err != std::errc{} || rest != last || value > most
      || (text.size() > 1 && text.front() == '0'))
    return {};
  return value;
}

// Unknown: it is neither.
address_kind read_address(std::string_view text, address_bytes& bytes) {
  // inet_pton would read up to it and overlook the rest.
  if (text.find('\0') != std::string_view::npos)
    return address_kind::unknown;
  std::string address{text};
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
    return address_kind::ipv4;
  return ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1
           ? address_kind::ipv6
           : address_kind::unknown;
}

std::string address_text(address_kind family, const address_bytes& bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family == address_kind::ipv4 ? AF_INET : AF_INET6, bytes.data(),
              text, sizeof text);
  return text;
}

bool is_mapped(const address_bytes& bytes) {
  constexpr std::array<std::uint8_t, 12> begin
    = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(begin.begin(), begin.end(), bytes.begin());
}

std::string quoted(std::string_view text) {
  return "\"" + observe::printable(text, shown_bytes) + "\"";
}

} // namespace

expected<network, std::string> network::parse(std::string_view text) {
  network result;
  if (text == "unix") {
    result.family_ = address_kind::unix_socket;
    return result;
  }
  auto slash = text.find('/');
  auto alone = slash == std::string_view::npos;
  auto& bytes = result.bytes_;
  result.family_ = read_address(
    text == "localhost" ? "127.0.0.1" : text.substr(0, slash), bytes);
  if (result.family_ == address_kind::unknown)
    return unexpected{quoted(text)
                      + " is no network such as 10.0.0.0/8, 192.0.2.7, "
                        "fd00::/8 or unix"};
  auto most = address_bits(result.family_);
  auto prefix = alone ? most : parse_prefix(text.substr(slash + 1), most);
  if (!prefix)
    return unexpected{quoted(text) + " needs a number from 0 to "
                      + std::to_string(most) + " after the slash, such as "
                      + (most == 32 ? "10.0.0.0/8" : "fd00::/8")};
  if (is_mapped(bytes) && result.family_ == address_kind::ipv6
      && *prefix >= mapped_bits) {
    std::copy(bytes.begin() + 12, bytes.end(), bytes.begin());
    std::fill(bytes.begin() + 4, bytes.end(), std::uint8_t{0});
    result.family_ = address_kind::ipv4;
    *prefix -= mapped_bits;
  }
  result.prefix_ = static_cast<std::uint8_t>(*prefix);
  auto whole = bytes;
  bytes = masked(whole, *prefix);
  if (bytes != whole)
    return unexpected{quoted(text) + " has bits beyond its prefix: write "
                      + to_string(result) + " for the network, or "
                      + address_text(result.family_, whole)
                      + " for that address alone"};
  return result;
}

bool network::contains(const peer_address& peer) const noexcept {
  if (peer.family != family_)
    return false;
  for (std::size_t i = 0; i * 8 < prefix_; ++i)
    if (((peer.bytes[i] ^ bytes_[i]) & mask_at(i * 8, prefix_)) != 0)
      return false;
  return true;
}

std::string to_string(const network& value) {
  if (value.family_ == address_kind::unix_socket)
    return "unix";
  auto text = address_text(value.family_, value.bytes_);
  return value.prefix_ == address_bits(value.family_)
           ? text
           : text + "/" + std::to_string(value.prefix_);
}

bool contains(const std::vector<network>& networks,
              const peer_address& peer) noexcept {
  return std::ranges::any_of(
    networks, [&](const network& each) { return each.contains(peer); });
}

} // namespace coppice::net
