// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/endpoint.hpp"
#include "net/peer.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace peer_test {

using namespace coppice;
using namespace coppice::net;

namespace {

observe::peer_address peer(const char* address, std::uint16_t port = 1) {
  auto ep = *endpoint::parse(address, port);
  sockaddr_storage raw = {};
  std::memcpy(&raw, ep.data(), ep.size());
  return to_peer(raw);
}

} // namespace

TEST(Peer, IsWrittenAsItsAddressAndPort) {
  EXPECT_EQ(to_string(peer("192.0.2.7", 6000)), "192.0.2.7:6000");
  EXPECT_EQ(to_string(peer("2001:db8::1", 6000)), "[2001:db8::1]:6000");
  sockaddr_storage local = {};
  local.ss_family = AF_UNIX;
  EXPECT_EQ(to_string(to_peer(local)), "unix");
  EXPECT_EQ(to_string(observe::peer_address{}), "unknown");
}

TEST(Peer, OfIpv4IsTheSameOnASocketOfIpv6) {
  EXPECT_EQ(peer("::ffff:192.0.2.7", 5), peer("192.0.2.7", 5));
}

TEST(Peer, OfALinkLocalAddressNamesTheInterface) {
  auto local = peer("fe80::1", 5);
  local.scope = 3;
  EXPECT_EQ(to_string(local), "[fe80::1%3]:5");
}

TEST(AddressCounts, CountEachAddressForItself) {
  address_counts counts;
  EXPECT_TRUE(counts.take(peer("192.0.2.7", 1), 2));
  EXPECT_TRUE(counts.take(peer("192.0.2.7", 2), 2));
  EXPECT_FALSE(counts.take(peer("192.0.2.7", 3), 2));
  EXPECT_TRUE(counts.take(peer("192.0.2.8", 1), 2));

  counts.give_back(peer("192.0.2.7", 1));

  EXPECT_TRUE(counts.take(peer("192.0.2.7", 4), 2));
  EXPECT_FALSE(counts.take(peer("192.0.2.9"), 0));
}

TEST(AddressCounts, TakeANetworkOfIpv6ForOneClient) {
  address_counts counts;
  EXPECT_TRUE(counts.take(peer("2001:db8:0:1::1"), 1));
  EXPECT_FALSE(counts.take(peer("2001:db8:0:1::2"), 1));
  EXPECT_TRUE(counts.take(peer("2001:db8:0:2::1"), 1));
}

} // namespace peer_test
