// SPDX-License-Identifier: BSD-3-Clause

#include "net/rates.hpp"

#include "net/address_buckets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

namespace rates_test {

using namespace coppice::net;
using namespace std::chrono_literals;
using coppice::observe::peer_address;

namespace {

constexpr token_bucket::time_point start{1h};

peer_address client_at(std::uint8_t third, std::uint8_t last,
                       std::uint16_t port = 1) {
  peer_address result;
  result.family = peer_address::kind::ipv4;
  result.bytes = {127, 0, third, last};
  result.port = port;
  return result;
}

peer_address client_of_network(std::uint8_t network, std::uint8_t host) {
  peer_address result;
  result.family = peer_address::kind::ipv6;
  result.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network};
  result.bytes.back() = host;
  return result;
}

peer_address local_client() {
  peer_address result;
  result.family = peer_address::kind::unix_socket;
  return result;
}

} // namespace

// -- by address ---------------------------------------------------------------

TEST(AddressBuckets, HaveTokensForEachAddress) {
  address_buckets uut{rate{1, 2}};

  EXPECT_TRUE(uut.take(client_at(0, 1, 1), start));
  EXPECT_TRUE(uut.take(client_at(0, 1, 2), start));
  EXPECT_FALSE(uut.take(client_at(0, 1, 3), start));
  EXPECT_TRUE(uut.take(client_at(0, 2), start));
  EXPECT_TRUE(uut.take(client_at(0, 1), start + 1s));
}

TEST(AddressBuckets, TakeANetworkOfIpv6ForOneClient) {
  address_buckets uut{rate{1, 1}};

  EXPECT_TRUE(uut.take(client_of_network(1, 1), start));
  EXPECT_FALSE(uut.take(client_of_network(1, 2), start));
  EXPECT_TRUE(uut.take(client_of_network(2, 1), start));
}

TEST(AddressBuckets, LimitNobodyWithoutARateOrAnAddress) {
  address_buckets none;
  address_buckets uut{rate{1, 1}};

  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(none.take(client_at(0, 1), start));
    EXPECT_TRUE(uut.take(local_client(), start));
  }
  EXPECT_EQ(none.of(client_at(0, 1), start), nullptr);
  EXPECT_EQ(uut.of(local_client(), start), nullptr);
}

TEST(AddressBuckets, AreSharedByThoseOfAnAddress) {
  address_buckets uut{rate{1, 1}};

  EXPECT_EQ(uut.of(client_at(0, 1, 1), start),
            uut.of(client_at(0, 1, 2), start));
  EXPECT_NE(uut.of(client_at(0, 1), start), uut.of(client_at(0, 2), start));
}

TEST(AddressBuckets, ForgetThoseThatAreFullAndThatNobodyHas) {
  address_buckets uut{rate{1, 1}};
  auto kept = uut.of(client_at(1, 1), start);
  for (int i = 0; i < 250; ++i)
    EXPECT_TRUE(uut.take(client_at(0, static_cast<std::uint8_t>(i)), start));
  EXPECT_EQ(uut.size(), 251U);

  for (int i = 0; i < 250; ++i)
    uut.take(client_at(0, 1), start + 1h);

  EXPECT_LE(uut.size(), 3U);
  EXPECT_EQ(uut.of(client_at(1, 1), start + 1h), kept);
}

TEST(AddressBuckets, DoNotForgetThoseThatAreNotFull) {
  address_buckets uut{rate{1, 1}};
  EXPECT_TRUE(uut.take(client_at(0, 1), start));

  for (int i = 2; i < 250; ++i)
    uut.take(client_at(0, static_cast<std::uint8_t>(i)), start);

  EXPECT_FALSE(uut.take(client_at(0, 1), start));
}

TEST(AddressBuckets, AreFullAgainWithAnotherRate) {
  address_buckets uut{rate{1, 1}};
  EXPECT_TRUE(uut.take(client_at(0, 1), start));

  uut.set(rate{1, 2});

  EXPECT_TRUE(uut.take(client_at(0, 1), start));
  EXPECT_TRUE(uut.take(client_at(0, 1), start));
  EXPECT_FALSE(uut.take(client_at(0, 1), start));
}

// -- of a listener ------------------------------------------------------------

TEST(Rates, WithoutLimitsAreNone) {
  rates uut{{}};

  EXPECT_FALSE(uut.accepting().limits());
  EXPECT_FALSE(uut.limits_reading());
  EXPECT_TRUE(uut.admits(client_at(0, 1), start));
  EXPECT_FALSE(uut.reading(client_at(0, 1), start).limit());
}

TEST(Rates, AreThoseOfTheLimits) {
  rates uut{{.accept_rate = 1,
             .accept_rate_per_address = 2,
             .read_rate = 3,
             .read_burst = 30,
             .read_rate_per_address = 4}};

  EXPECT_TRUE(uut.accepting().limits());
  EXPECT_TRUE(uut.limits_reading());
  auto both = uut.reading(client_at(0, 1), start);
  EXPECT_EQ(both.own, (rate{3, 30}));
  EXPECT_NE(both.address, nullptr);
  EXPECT_EQ(uut.reading().address, nullptr);
}

TEST(Rates, SayWhetherConnectionsThatAreOpenReadOtherwise) {
  rates uut{{}};

  EXPECT_FALSE(uut.set({.accept_rate = 1}));
  EXPECT_TRUE(uut.set({.read_rate = 1}));
  EXPECT_FALSE(uut.set({.max_connections = 7, .read_rate = 1}));
  EXPECT_TRUE(uut.set({.read_rate = 1, .read_burst = 2}));
  EXPECT_TRUE(uut.set({.read_rate_per_address = 1}));
  EXPECT_TRUE(uut.set({}));
  EXPECT_FALSE(uut.set({}));
}

TEST(Rates, ThatAreNotChangedGoOn) {
  rates uut{{.accept_rate = 1, .accept_rate_per_address = 1}};
  EXPECT_FALSE(uut.accepting().take(start));
  EXPECT_TRUE(uut.admits(client_at(0, 1), start));

  uut.set({.accept_rate = 1, .accept_rate_per_address = 1, .read_rate = 1});
  EXPECT_TRUE(uut.accepting().take(start));
  EXPECT_FALSE(uut.admits(client_at(0, 1), start));

  uut.set({.accept_rate = 2, .accept_rate_per_address = 2});
  EXPECT_FALSE(uut.accepting().take(start));
  EXPECT_TRUE(uut.admits(client_at(0, 1), start));
}

} // namespace rates_test
