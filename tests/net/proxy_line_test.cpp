// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_bytes.hpp"

#include <string>

#include <gtest/gtest.h>

namespace proxy_line_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::proxy_bytes;
using namespace std::string_literals;

using state = proxy_header::state;

TEST(ProxyLine, HasTheAddressesOfItsLine) {
  auto v4 = read_proxy_header("PROXY TCP4 192.0.2.7 10.0.0.1 6000 0\r\n").info;
  EXPECT_EQ(v4.version, 1);
  EXPECT_FALSE(v4.local);
  EXPECT_EQ(to_string(v4.source.value()), "192.0.2.7:6000");
  EXPECT_EQ(to_string(v4.destination.value()), "10.0.0.1:0");

  auto v6 = read_proxy_header("PROXY TCP6 2001:DB8::7 ::1 65535 443\r\n").info;
  EXPECT_EQ(to_string(v6.source.value()), "[2001:db8::7]:65535");
  EXPECT_EQ(to_string(v6.destination.value()), "[::1]:443");
}

TEST(ProxyLine, OfUnknownHasNoAddresses) {
  for (auto line : {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN \r\n"s,
                    "PROXY UNKNOWN  what ever\0\xFF\r\n"s,
                    "PROXY UNKNOWN 1.1.1.1 2.2.2.2 1 2\r\n"s}) {
    auto result = read_proxy_header(line);
    EXPECT_EQ(result.what, state::complete) << ::testing::PrintToString(line);
    EXPECT_EQ(result.info.version, 1);
    EXPECT_FALSE(result.info.local);
    EXPECT_FALSE(result.info.source);
    EXPECT_FALSE(result.info.destination);
  }
}

TEST(ProxyLine, IsStrict) {
  const auto protocol = "the protocol is none of TCP4, TCP6 and UNKNOWN"s;
  const auto early = "the line ends too early"s;
  const auto line_end = "the line does not end with CR LF"s;
  const auto source_v4 = "the source address is no IPv4 address"s;
  const auto source_v6 = "the source address is no IPv6 address"s;
  const auto target_v4 = "the destination address is no IPv4 address"s;
  const auto source_port = "the source port is no decimal number"s;
  const auto target_port = "the destination port is no decimal number"s;
  expect_problems({
    {"PROXY  ", protocol},
    {"PROXY \r\n", protocol},
    {"PROXY tcp4 ", protocol},
    {"PROXY TCP5", protocol},
    {"PROXY TCP44", protocol},
    {"PROXY UDP4", protocol},
    {"PROXY UNKNOWN:", protocol},
    {"PROXY TCP4\r\n", early},
    {"PROXY TCP4 \r\n", early},
    {"PROXY TCP4 1.1.1.1\r", early},
    {"PROXY TCP4 1.1.1.1 2.2.2.2\n", early},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", early},
    {"PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n", source_v4},
    {"PROXY TCP4 1.1.1 ", source_v4},
    {"PROXY TCP4 1.1.1.256 ", source_v4},
    {"PROXY TCP4 01.1.1.1 ", source_v4},
    {"PROXY TCP4 ::1 ", source_v4},
    {"PROXY TCP4 1.1.1.1\t", source_v4},
    {"PROXY TCP4 1.1.1.1\0"s, source_v4},
    {"PROXY TCP6 1.1.1.1 ", source_v6},
    {"PROXY TCP6 ::1::2 ", source_v6},
    {"PROXY TCP6 fe80::1%", source_v6},
    {"PROXY TCP6 [", source_v6},
    {"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", target_v4},
    {"PROXY TCP4 1.1.1.1 name", target_v4},
    {"PROXY TCP4 1.1.1.1 2.2.2.2  1 2\r\n", source_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 -1", source_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 0x", source_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n", target_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 \n", line_end},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 +", target_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 ", target_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n", target_port},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 70000 ", "port 70000 is out of range"},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r", "port 65536 is out of range"},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 080 ", "port 080 has a leading zero"},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 00\r", "port 00 has a leading zero"},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", line_end},
    {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\r", line_end},
    {"PROXY UNKNOWN\n", protocol},
    {"PROXY UNKNOWN\rx", line_end},
  });
}

TEST(ProxyLine, HasAtMost107Bytes) {
  auto begin = "PROXY UNKNOWN "s;
  auto longest = begin + std::string(105 - begin.size(), 'x');
  auto problem = "the line is longer than 107 bytes"s;

  EXPECT_EQ(read_proxy_header(longest + "\r\n").size, 107u);
  EXPECT_EQ(read_proxy_header(longest + "\r").wanted, 107u);
  expect_problems({{longest + "x", problem},
                   {longest + "xx", problem},
                   {longest + "x\r", problem},
                   {longest + "x\r\n", problem},
                   {longest + "\r\r", problem},
                   {longest + "\rx\r\n", problem},
                   {"PROXY TCP4 " + std::string(95, '1'), problem}});
}

} // namespace proxy_line_test
