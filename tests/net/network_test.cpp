// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/endpoint.hpp"
#include "coppice/net/network.hpp"
#include "net/networks.hpp"
#include "net/peer.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace network_test {

using namespace coppice;
using namespace coppice::net;
using namespace std::string_literals;

namespace {

observe::peer_address peer(const char* address) {
  sockaddr_storage raw = {};
  if (address == "unix"s) {
    raw.ss_family = AF_UNIX;
    return to_peer(raw);
  }
  auto ep = endpoint::parse(address, 6000).value();
  std::memcpy(&raw, ep.data(), ep.size());
  return to_peer(raw);
}

bool has(std::string_view text, const char* address) {
  return network::parse(text).value().contains(peer(address));
}

std::string written(std::string_view text) {
  return to_string(network::parse(text).value());
}

std::string problem(std::string_view text) {
  auto result = network::parse(text);
  return result ? "none: " + to_string(*result) : result.error();
}

} // namespace

TEST(Network, ContainsTheAddressesThatBeginLikeIt) {
  EXPECT_TRUE(has("10.0.0.0/8", "10.0.0.0"));
  EXPECT_TRUE(has("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(has("10.0.0.0/8", "9.255.255.255"));
  EXPECT_FALSE(has("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(has("fd00::/8", "fdff::1"));
  EXPECT_FALSE(has("fd00::/8", "fc00::1"));
}

TEST(Network, MayEndWithinAByte) {
  EXPECT_TRUE(has("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(has("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(has("192.0.2.6/31", "192.0.2.7"));
  EXPECT_FALSE(has("192.0.2.6/31", "192.0.2.8"));
  EXPECT_TRUE(has("2001:db8::/29", "2001:dbf::1"));
  EXPECT_FALSE(has("2001:db8::/29", "2001:dc0::1"));
  EXPECT_TRUE(has("::/127", "::1"));
  EXPECT_FALSE(has("::/127", "::2"));
}

TEST(Network, OfOneIsAnAddressAlone) {
  EXPECT_TRUE(has("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(has("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(has("::1", "::1"));
  EXPECT_FALSE(has("::1", "::"));
  EXPECT_EQ(network::parse("192.0.2.7"), network::parse("192.0.2.7/32"));
  EXPECT_EQ(network::parse("::1"), network::parse("::1/128"));
  EXPECT_NE(network::parse("::"), network::parse("::/0"));
}

TEST(Network, OfAllIsOfOneFamily) {
  EXPECT_TRUE(has("0.0.0.0/0", "255.255.255.255"));
  EXPECT_TRUE(has("0.0.0.0/0", "::ffff:192.0.2.7"));
  EXPECT_FALSE(has("0.0.0.0/0", "::1"));
  EXPECT_FALSE(has("0.0.0.0/0", "unix"));
  EXPECT_TRUE(has("::/0", "ffff::1"));
  EXPECT_FALSE(has("::/0", "192.0.2.7"));
  EXPECT_FALSE(has("::/0", "::ffff:192.0.2.7"));
  EXPECT_FALSE(has("::/0", "unix"));
}

TEST(Network, OfUnixHasAllUnixSockets) {
  EXPECT_TRUE(has("unix", "unix"));
  EXPECT_FALSE(has("unix", "127.0.0.1"));
  EXPECT_FALSE(has("unix", "::1"));
}

TEST(Network, HasNoUnknownAddress) {
  for (auto text : {"0.0.0.0/0", "::/0", "unix"})
    EXPECT_FALSE(network::parse(text)->contains(observe::peer_address{}));
}

TEST(Network, OverlooksThePortAndTheScope) {
  auto client = peer("fe80::1");
  client.port = 7;
  client.scope = 3;

  EXPECT_TRUE(network::parse("fe80::/10")->contains(client));
  EXPECT_TRUE(network::parse("fe80::1")->contains(client));
}

TEST(Network, OfLocalhostIsTheAddressOfAnEndpointOfThatName) {
  EXPECT_EQ(written("localhost"), "127.0.0.1");
  EXPECT_TRUE(has("localhost", "localhost"));
  EXPECT_FALSE(has("localhost", "::1"));
}

TEST(Network, IsWrittenInOneWay) {
  EXPECT_EQ(written("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(written("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(written("192.0.2.7/32"), "192.0.2.7");
  EXPECT_EQ(written("FD00:0::/8"), "fd00::/8");
  EXPECT_EQ(written("0:0:0:0:0:0:0:1/128"), "::1");
  EXPECT_EQ(written("::/0"), "::/0");
  EXPECT_EQ(written("unix"), "unix");
}

TEST(Network, OfIpv4WithinIpv6IsOfIpv4) {
  EXPECT_EQ(written("::ffff:10.0.0.0/104"), "10.0.0.0/8");
  EXPECT_EQ(written("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(written("::ffff:0:0/96"), "0.0.0.0/0");
  EXPECT_EQ(written("::fffe:0:0/95"), "::fffe:0:0/95");
  EXPECT_TRUE(has("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST(Network, WithBitsBeyondItsPrefixIsRefusedWithTheRightSpelling) {
  EXPECT_EQ(problem("10.1.2.3/8"),
            "\"10.1.2.3/8\" has bits beyond its prefix: write 10.0.0.0/8 for "
            "the network, or 10.1.2.3 for that address alone");
  EXPECT_EQ(problem("fd00::1/8"),
            "\"fd00::1/8\" has bits beyond its prefix: write fd00::/8 for the "
            "network, or fd00::1 for that address alone");
  EXPECT_EQ(problem("::ffff:10.1.2.3/104"),
            "\"::ffff:10.1.2.3/104\" has bits beyond its prefix: write "
            "10.0.0.0/8 for the network, or 10.1.2.3 for that address alone");
  EXPECT_EQ(problem("0.0.0.1/0"),
            "\"0.0.0.1/0\" has bits beyond its prefix: write 0.0.0.0/0 for the "
            "network, or 0.0.0.1 for that address alone");
}

TEST(Network, NeedsAnAddress) {
  for (auto text :
       {""s,           " "s,           "/"s,           "/8"s,
        "10.0.0/8"s,   "10/8"s,        "010.0.0.0/8"s, "10.0.0.0 "s,
        " 10.0.0.0"s,  "10.0.0.256"s,  ":::1"s,        "[::1]"s,
        "fe80::1%lo"s, "fe80::%2/10"s, "all"s,         "Unix"s,
        "unix/0"s,     "unix:/run/a"s, "localhost/8"s, "example.com"s,
        "10.0.0.0:80"s})
    EXPECT_EQ(problem(text), "\"" + text
                               + "\" is no network such as 10.0.0.0/8, "
                                 "192.0.2.7, fd00::/8 or unix");
}

TEST(Network, NeedsANumberOfBits) {
  for (auto text :
       {"10.0.0.0/"s, "10.0.0.0/33"s, "10.0.0.0/-1"s, "10.0.0.0/+8"s,
        "10.0.0.0/08"s, "10.0.0.0/8 "s, "10.0.0.0/ 8"s, "10.0.0.0/8/8"s,
        "10.0.0.0/255.0.0.0"s, "10.0.0.0/99999999999"s})
    EXPECT_EQ(problem(text), "\"" + text
                               + "\" needs a number from 0 to 32 after the "
                                 "slash, such as 10.0.0.0/8");
  EXPECT_EQ(problem("fd00::/129"),
            "\"fd00::/129\" needs a number from 0 to 128 after the slash, such "
            "as fd00::/8");
}

TEST(Network, ShowsWhatWasWrittenAsATerminalMayGetIt) {
  EXPECT_EQ(problem("10.0.0.0\0/8"s),
            "\"10.0.0.0\\u0000/8\" is no network such as 10.0.0.0/8, "
            "192.0.2.7, fd00::/8 or unix");
  EXPECT_EQ(problem("\x1b[2J").substr(0, 11), "\"\\u001b[2J\"");
  EXPECT_LT(problem(std::string(5000, 'x')).size(), 200u);
}

TEST(Networks, ContainWhatOneOfThemContains) {
  std::vector<network> trusted
    = {*network::parse("10.0.0.0/8"), *network::parse("::1")};

  EXPECT_TRUE(contains(trusted, peer("10.1.2.3")));
  EXPECT_TRUE(contains(trusted, peer("::1")));
  EXPECT_FALSE(contains(trusted, peer("192.0.2.7")));
  EXPECT_FALSE(contains({}, peer("10.1.2.3")));
}

} // namespace network_test
