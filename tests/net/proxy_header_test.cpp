// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_bytes.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace proxy_header_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::proxy_bytes;
using namespace std::string_literals;

using state = proxy_header::state;

namespace {

// One of each kind.
std::vector<std::string> right_headers() {
  auto v6_block = std::string(32, '\x20') + "\x17\x70\x01\xBB";
  return {
    "PROXY TCP4 192.0.2.7 10.0.0.1 6000 443\r\n",
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    "PROXY TCP6 2001:db8::7 ::1 6000 443\r\n",
    "PROXY UNKNOWN\r\n",
    "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
    "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n",
    "PROXY UNKNOWN a\rb\nc\r\r\n",
    binary(local_command, 0x00, ""),
    binary(local_command, 0x11, v4_block),
    binary(proxy_command, 0x00, ""),
    binary(proxy_command, 0x11, v4_block),
    binary(proxy_command, 0x21, v6_block),
    binary(proxy_command, 0x31, std::string(216, '\0')),
    with_checksum(v4("\3\0\4\0\0\0\0"s + tlv(5, ""))),
    v4(tlv(2, "shop.example") + tlv(4, std::string(300, '\0'))),
    v4(tlv(0xE0, std::string(max_proxy_header - 16 - 12 - 3, 'v'))),
  };
}

} // namespace

// -- any header ---------------------------------------------------------------

TEST(ProxyHeader, IsIncompleteWhereverItIsCut) {
  for (auto& header : right_headers())
    for (std::size_t n = 0; n < header.size(); ++n) {
      auto cut = read_proxy_header(std::string_view{header}.substr(0, n));
      ASSERT_EQ(cut.what, state::incomplete)
        << ::testing::PrintToString(header) << " after " << n;
      ASSERT_GT(cut.wanted, n);
      ASSERT_LE(cut.wanted, header.size());
    }
}

TEST(ProxyHeader, LeavesTheBytesAfterItAlone) {
  for (auto& header : right_headers()) {
    auto alone = read_proxy_header(header);
    ASSERT_EQ(alone.what, state::complete) << ::testing::PrintToString(header);
    EXPECT_EQ(alone.size, header.size());
    for (auto surplus : {"\r\n"s, "\0"s, "GET / HTTP/1.1\r\n"s, header}) {
      auto result = read_proxy_header(header + surplus);
      EXPECT_EQ(result.what, state::complete);
      EXPECT_EQ(result.size, header.size());
      EXPECT_EQ(result.info, alone.info);
    }
  }
}

TEST(ProxyHeader, IsMissingAtTheFirstByteThatIsNotOfOne) {
  auto tls_hello = "\x16\3\1\2"s;
  for (auto bytes :
       {"G"s, "\n"s, "\0"s, tls_hello, "proxy TCP4"s, "PO"s, "PROXY\t"s,
        "PROXYTCP4"s, "\r\r"s, "\r\n\r\n\r"s, "\r\n\r\n\0\r\nQUIT\r"s}) {
    auto result = read_proxy_header(bytes);
    EXPECT_EQ(result.what, state::wrong) << ::testing::PrintToString(bytes);
    EXPECT_EQ(result.problem, "no PROXY header");
    EXPECT_TRUE(result.missing);
  }
}

TEST(ProxyHeader, SaysHowManyBytesItWants) {
  auto wanted
    = [](const std::string& bytes) { return read_proxy_header(bytes).wanted; };

  EXPECT_EQ(wanted(""), 15u);
  EXPECT_EQ(wanted("\r"), 16u);
  EXPECT_EQ(wanted(v4("").substr(0, 15)), 16u);
  EXPECT_EQ(wanted(v4("").substr(0, 16)), 28u);
  EXPECT_EQ(wanted("P"), 15u);
  EXPECT_EQ(wanted("PROXY TCP4 192.0.2.7"), 22u);
  EXPECT_EQ(wanted("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r"), 32u);
}

// -- version 2 ----------------------------------------------------------------

TEST(ProxyHeader, OfVersion2HasTheAddressesOfItsBlock) {
  auto header = read_proxy_header(v4("")).info;
  EXPECT_EQ(header.version, 2);
  EXPECT_FALSE(header.local);
  EXPECT_EQ(to_string(header.source.value()), "192.0.2.7:6000");
  EXPECT_EQ(to_string(header.destination.value()), "10.0.0.1:443");
  EXPECT_TRUE(header.tlvs.empty());

  auto block = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\7"
               + std::string(15, '\0') + "\1\xFF\xFF\0\0"s;
  header = read_proxy_header(binary(proxy_command, 0x21, block)).info;
  EXPECT_EQ(to_string(header.source.value()), "[2001:db8::7]:65535");
  EXPECT_EQ(to_string(header.destination.value()), "[::1]:0");
}

TEST(ProxyHeader, MakesIpv4OfIpv4WithinIpv6) {
  auto text
    = read_proxy_header("PROXY TCP6 ::ffff:192.0.2.7 ::1 6000 443\r\n").info;
  EXPECT_EQ(to_string(text.source.value()), "192.0.2.7:6000");

  auto block = std::string(10, '\0') + "\xFF\xFF\xC0\0\2\7"s
               + std::string(15, '\0') + "\1\x17\x70\x01\xBB";
  auto bytes = read_proxy_header(binary(proxy_command, 0x21, block)).info;
  EXPECT_EQ(bytes.source, text.source);
  EXPECT_EQ(bytes.destination, text.destination);
}

TEST(ProxyHeader, OfAUnixSocketSaysThatItIsOne) {
  auto block = "/run/client.sock"s;
  block.resize(216);

  auto header
    = read_proxy_header(binary(proxy_command, 0x31, block + tlv(2, "a"))).info;

  EXPECT_EQ(to_string(header.source.value()), "unix");
  EXPECT_EQ(to_string(header.destination.value()), "unix");
  EXPECT_EQ(header.authority(), "a");
}

TEST(ProxyHeader, OfLocalHasNoAddresses) {
  // The last three: an unknown family, a datagram, and too short a block.
  for (auto& bytes :
       {binary(local_command, 0x00, ""), binary(local_command, 0x11, v4_block),
        binary(local_command, 0x31, std::string(216, 'a')),
        binary(local_command, 0x7F, "abc"),
        binary(local_command, 0x12, v4_block),
        binary(local_command, 0x21, "abc")}) {
    auto result = read_proxy_header(bytes);
    EXPECT_EQ(result.what, state::complete) << ::testing::PrintToString(bytes);
    EXPECT_EQ(result.size, bytes.size());
    EXPECT_EQ(result.info.version, 2);
    EXPECT_TRUE(result.info.local);
    EXPECT_FALSE(result.info.source);
    EXPECT_FALSE(result.info.destination);
    EXPECT_TRUE(result.info.tlvs.empty());
  }
}

TEST(ProxyHeader, OfUnspecHasNoAddresses) {
  for (unsigned family : {0x00, 0x01}) {
    auto result = read_proxy_header(binary(proxy_command, family, "ab"));
    EXPECT_EQ(result.what, state::complete);
    EXPECT_EQ(result.size, 18u);
    EXPECT_FALSE(result.info.local);
    EXPECT_FALSE(result.info.source);
    EXPECT_FALSE(result.info.destination);
  }
}

TEST(ProxyHeader, OfLocalOrUnspecHasTlvsIfAllOfThemAreRight) {
  auto tlvs = [](unsigned command, unsigned family, const std::string& rest) {
    auto result = read_proxy_header(binary(command, family, rest));
    EXPECT_EQ(result.what, state::complete);
    return result.info.tlvs;
  };
  auto name = tlv(2, "name");
  std::vector<proxy_tlv> one = {{2, "name"}};

  EXPECT_EQ(tlvs(local_command, 0x00, name), one);
  EXPECT_EQ(tlvs(local_command, 0x11, v4_block + name), one);
  EXPECT_EQ(tlvs(proxy_command, 0x00, name), one);
  EXPECT_TRUE(tlvs(local_command, 0x70, name).empty());
  EXPECT_TRUE(tlvs(local_command, 0x00, name + "x").empty());
  EXPECT_TRUE(tlvs(proxy_command, 0x00, name + tlv(3, "1234")).empty());
}

TEST(ProxyHeader, OfVersion2IsRefusedAtTheFirstWrongByte) {
  auto version_and_command
    = [](unsigned value) { return signature + byte(value); };
  auto family = [&](unsigned value) {
    return version_and_command(proxy_command) + byte(value);
  };
  const auto version = "the version is not 2"s;
  const auto command = "the command is neither LOCAL nor PROXY"s;
  const auto transport = "the transport is not STREAM"s;
  const auto unknown = "the address family is unknown"s;
  expect_problems({
    {version_and_command(0x00), version},
    {version_and_command(0x11), version},
    {version_and_command(0x31), version},
    {version_and_command(0xF1), version},
    {version_and_command(0x22), command},
    {version_and_command(0x2F), command},
    {family(0x02), transport},
    {family(0x10), transport},
    {family(0x12), transport},
    {family(0x13), transport},
    {family(0x20), transport},
    {family(0x22), transport},
    {family(0x32), transport},
    {family(0x41), unknown},
    {family(0xF2), unknown},
  });
}

TEST(ProxyHeader, OfVersion2IsRefusedWhenItsLengthIsKnown) {
  auto with_length = [](unsigned command, unsigned family, std::size_t n) {
    return signature + byte(command) + byte(family) + in_two_bytes(n);
  };
  const auto too_short = "the header is too short for its addresses"s;
  const auto too_long = "the header is longer than 4096 bytes"s;
  expect_problems({
    {with_length(proxy_command, 0x11, 0), too_short},
    {with_length(proxy_command, 0x11, 11), too_short},
    {with_length(proxy_command, 0x21, 35), too_short},
    {with_length(proxy_command, 0x31, 215), too_short},
    {with_length(proxy_command, 0x11, 4081), too_long},
    {with_length(proxy_command, 0x00, 65535), too_long},
    {with_length(local_command, 0x00, 4081), too_long},
  });

  auto longest = with_length(proxy_command, 0x11, 4080);
  EXPECT_EQ(read_proxy_header(longest).wanted, max_proxy_header);
}

} // namespace proxy_header_test
